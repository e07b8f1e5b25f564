# One entry point for everything. `make help` lists it.
CONFIGURATION ?= Release
SWARMFS       := artifacts/swarmfs/swarmfs
SECONDS       ?= 60
SEED          ?= 1

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

.DEFAULT_GOAL := all
.PHONY: all build publish run test bench bench-catalogue bench-crowd fuzz format check-format clean help

all: publish                ## Build and leave the runnable program in artifacts/swarmfs

build:                      ## Build everything, tests included
	dotnet build SwarmFS.sln -c $(CONFIGURATION) --nologo -v quiet

publish:                    ## Publish swarmfs and swarmfs-daemon into artifacts/swarmfs
	scripts/publish.sh

run:                        ## Install what is missing, build, and start a node on /swarm in the foreground
	scripts/run.sh

test:                       ## Install what is missing, build, and run every test
	scripts/test.sh

bench: publish              ## Compare with rsync, nginx and ext4, side by side
	scripts/bench.sh

bench-catalogue: publish    ## What a whole suite of packages costs: time, memory, bytes
	scripts/bench-catalogue.sh

bench-crowd: publish        ## Several newcomers at one source behind slow lines, against a BitTorrent library and rsync
	scripts/bench-crowd.sh

fuzz:                       ## Fuzz one decoder: make fuzz TARGET=cid SECONDS=60 SEED=1
	dotnet run --project tests/SwarmFS.Fuzz -c Release -- --target $(TARGET) --seconds $(SECONDS) --seed $(SEED)

format:                     ## Rewrite the code in the repository's format
	dotnet format SwarmFS.sln

check-format:               ## Fail where the code is not in the repository's format
	dotnet format SwarmFS.sln --verify-no-changes

clean:                      ## Remove what the build made
	rm -rf artifacts src/*/bin src/*/obj tests/*/bin tests/*/obj

help:                       ## This list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22
