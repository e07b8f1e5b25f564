// Judges what the tests hand it by sigstore's code for transparency logs: reads a JSON list of questions, writes a JSON list of answers, "" for accepted and a reason for refused.
// Argument: the directory of the package @sigstore/verify.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { verifyCheckpoint } = require(path.join(process.argv[2], 'dist/tlog/checkpoint.js'));
const { verifyMerkleInclusion } = require(path.join(process.argv[2], 'dist/tlog/merkle.js'));

// SubjectPublicKeyInfo of Ed25519 (RFC 8410): a fixed prefix and the 32 bytes of the key.
function ed25519(key) {
  return crypto.createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]), format: 'der', type: 'spki' });
}

function judgeRecord(question) {
  const [name, id, key] = [question.Key.split('+')[0], question.Key.split('+')[1], question.Key.split('+').slice(2).join('+')];
  const log = { logID: Buffer.from(id, 'hex'), publicKey: ed25519(Buffer.from(key, 'base64').subarray(1)), baseURL: name };
  const entry = {
    canonicalizedBody: Buffer.from(question.Entry, 'base64'),
    inclusionProof: {
      logIndex: String(question.Index),
      hashes: question.Proof.map((hash) => Buffer.from(hash, 'base64')),
      checkpoint: { envelope: question.Note },
    },
  };
  verifyMerkleInclusion(entry, verifyCheckpoint(entry, [log]));
}

function judgeCosignature(question) {
  const end = question.Note.lastIndexOf('\n\n');
  const line = question.Note.slice(end + 2).split('\n').find((line) => line.startsWith(`\u2014 ${question.Name} `));
  const blob = Buffer.from(line.split(' ')[2], 'base64');
  const message = `cosignature/v1\ntime ${blob.readBigUInt64BE(4)}\n${question.Note.slice(0, end + 1)}`;
  if (!crypto.verify(null, Buffer.from(message), ed25519(Buffer.from(question.Key, 'base64')), blob.subarray(12))) throw new Error("the cosignature is not the witness's");
}

const answers = JSON.parse(fs.readFileSync(0, 'utf8')).map((question) => {
  try {
    if (question.Kind === 'cosignature') judgeCosignature(question);
    else judgeRecord(question);
    return '';
  } catch (refusal) {
    return String(refusal.message || refusal);
  }
});
console.log(JSON.stringify(answers));
