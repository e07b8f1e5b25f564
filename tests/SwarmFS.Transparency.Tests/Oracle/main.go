// Judges what the tests hand it by the Go team's own transparency log code: reads a JSON list of questions, writes a JSON list of answers, "" for accepted and a reason for refused.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Kind      string
	Key       string // vkey of the log, or base64 of a witness's public key
	Name      string // of the witness
	Note      string
	OldNote   string
	Index     int64
	Entry     []byte
	Proof     []string
	Directory string // of the log's files
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make([]string, len(questions))
	for i, q := range questions {
		if err := judge(q); err != nil {
			answers[i] = err.Error()
		}
	}
	json.NewEncoder(os.Stdout).Encode(answers)
}

func judge(q question) error {
	switch q.Kind {
	case "cosignature":
		return judgeCosignature(q)
	case "note":
		_, err := checkpoint(q.Note, q.Key)
		return err
	}
	tree, err := checkpoint(q.Note, q.Key)
	if err != nil {
		return err
	}
	proof := make([]tlog.Hash, len(q.Proof))
	for i, text := range q.Proof {
		if proof[i], err = tlog.ParseHash(text); err != nil {
			return err
		}
	}
	switch q.Kind {
	case "record":
		return tlog.CheckRecord(proof, tree.N, tree.Hash, q.Index, tlog.RecordHash(q.Entry))
	case "tree":
		old, err := checkpoint(q.OldNote, q.Key)
		if err != nil {
			return err
		}
		return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
	case "tiles":
		return judgeTiles(tree, q.Directory)
	}
	return errors.New("unknown kind of question")
}

func checkpoint(signed, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// files reads tiles of height 8 from where C2SP has them.
type files struct{ directory string }

func (f files) Height() int { return 8 }

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		read, err := os.ReadFile(filepath.Join(f.directory, strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		data[i] = read
	}
	return data, nil
}

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

// judgeTiles checks every tile against the root, and every entry of every bundle against its tile.
func judgeTiles(tree tlog.Tree, directory string) error {
	reader := tlog.TileHashReader(tree, files{directory})
	for first := int64(0); first < tree.N; first += 256 {
		tile := tlog.Tile{H: 8, L: -1, N: first / 256, W: 256}
		if tree.N-first < 256 {
			tile.W = int(tree.N - first)
		}
		bundle, err := os.ReadFile(filepath.Join(directory, strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)))
		if err != nil {
			return err
		}
		for i := 0; i < tile.W; i++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return errors.New("a bundle ends too early")
			}
			length := int(binary.BigEndian.Uint16(bundle))
			hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, first+int64(i))})
			if err != nil {
				return err
			}
			if tlog.RecordHash(bundle[2:2+length]) != hashes[0] {
				return fmt.Errorf("entry %d is not that of the tree", first+int64(i))
			}
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			return errors.New("a bundle is too long")
		}
	}
	return nil
}

// judgeCosignature follows the text of C2SP tlog-cosignature: no code that makes them is at hand here.
func judgeCosignature(q question) error {
	key, err := base64.StdEncoding.DecodeString(q.Key)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return errors.New("not a key")
	}
	end := strings.LastIndex(q.Note, "\n\n")
	text := q.Note[:end+1]
	id := sha256.Sum256(append([]byte(q.Name+"\n\x04"), key...))
	for _, line := range strings.Split(q.Note[end+2:], "\n") {
		prefix := "— " + q.Name + " "
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		blob, err := base64.StdEncoding.DecodeString(line[len(prefix):])
		if err != nil || len(blob) != 4+8+ed25519.SignatureSize || !bytes.Equal(blob[:4], id[:4]) {
			return errors.New("malformed cosignature")
		}
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(blob[4:]), text)
		if !ed25519.Verify(key, []byte(message), blob[12:]) {
			return errors.New("the cosignature is not the witness's")
		}
		return nil
	}
	return errors.New("no cosignature")
}
