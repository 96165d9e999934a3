# `make` alone lists what there is. Every target works on a bare Debian with the Swift toolchain.
.DEFAULT_GOAL := help
.PHONY: help run build test check attack ui-test lint format bench storm soak fault-drill deb system-test failover-drill upgrade-drill outage-simulation notification-drill clean dependencies
.NOTPARALLEL:

# One switch for the whole build: the manifest reads it, and a different value would build everything anew.
test check: export MUSTER_WARNINGS_AS_ERRORS = 1

# One file that runs wherever libpq and libcrypto are, without a Swift runtime beside it; it also starts sooner.
RELEASE_FLAGS ?= --static-swift-stdlib

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  make %-17s %s\n' "$$name" "$$text"; done

run: build ## build, then run the daemon with its own PostgreSQL and a demonstration catalog; Ctrl-C stops it
	@exec deploy/demo/run.sh

build: dependencies ## build the daemon for production: .build/release/musterd
	swift build --configuration release --product musterd $(RELEASE_FLAGS)

test: dependencies ## build and run every test
	swift build --build-tests
	swift test --skip-build --disable-xctest

check: dependencies lint ## what people and continuous integration run before a merge: format, warnings as errors, tests
	swift build --build-tests
	MUSTER_ATTACK=all swift test --skip-build --disable-xctest --filter AttackTests
	@$(MAKE) --no-print-directory test

attack: build ## strangers and colleagues do their worst to the released daemon for a minute (NAMES=a,b: only these attacks)
	MUSTER_WARNINGS_AS_ERRORS=1 swift build --build-tests
	MUSTER_WARNINGS_AS_ERRORS=1 MUSTER_ATTACK=$(or $(NAMES),all) MUSTER_TEST_MUSTERD=$(CURDIR)/.build/release/musterd \
	swift test --skip-build --disable-xctest --filter AttackTests

ui-test: dependencies ## the pages for engineers in Chromium: a whole outage by three people, and every page looked at (SCREENS=directory: with pictures)
	MUSTER_WARNINGS_AS_ERRORS=1 swift build --build-tests
	MUSTER_WARNINGS_AS_ERRORS=1 MUSTER_SCREENS=$(SCREENS) swift test --skip-build --disable-xctest --filter RoomBrowserTests

lint: ## check the format of the sources
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

format: ## put the sources into the format that `make lint` asks for
	swift format --in-place --parallel --recursive Package.swift Sources Tests

bench: build ## measure the planner beside networkx, the edge beside bare NIO, the daemon beside pgbench, searching by words, the review of a long incident beside psql, the public page beside nginx, the pages for engineers, alerts beside Alertmanager and alerta-server, and notifications beside a bare client
	@deploy/install-build-dependencies.sh bench
	swift build --configuration release --product planner-bench $(RELEASE_FLAGS)
	swift build --configuration release --product bare-http $(RELEASE_FLAGS)
	swift build --configuration release --product bare-sender $(RELEASE_FLAGS)
	@status=0; for part in planner edge bench words reviews status room alerts notifications; do python3 -B Tests/Benchmarks/$$part.py || status=1; done; exit $$status

storm: build ## 200,000 alerts from 50 senders while the daemon is killed and PostgreSQL restarted: none lost, none twice
	@deploy/install-build-dependencies.sh bench
	@python3 -B Tests/Benchmarks/storm.py

upgrade-drill: build ## a rolling upgrade over one version of the schema, in both orders, under load (OLD=path: from that build)
	@deploy/install-build-dependencies.sh bench
	@if [ -n "$(OLD)" ]; then old=$(OLD) new=.build/release/musterd; \
	else old=.build/release/musterd; new=$$(Tests/Drills/next-version.sh "$$PWD" "$$PWD/.build/upgrade") || exit 1; fi; \
	python3 -B Tests/Drills/upgrade.py $$old $$new

outage-simulation: build ## the load of one platform-wide outage on two daemons: nothing lost, one incident, no long wait
	@deploy/install-build-dependencies.sh bench
	@python3 -B Tests/Drills/outage.py

notification-drill: build ## three daemons tell twenty endpoints, most of them broken, while daemons are killed: all arrive, in order, soon
	@deploy/install-build-dependencies.sh bench
	@python3 -B Tests/Drills/notifications.py

soak: build ## 20 minutes at half of the capacity, a fault every minute: memory, descriptors, answers, nothing lost
	@deploy/install-build-dependencies.sh bench
	@python3 -B Tests/Drills/soak.py

fault-drill: build ## each fault between the daemon and PostgreSQL in turn: what clients get, what the log says, how soon it is over
	@deploy/install-build-dependencies.sh bench
	@python3 -B Tests/Drills/fault-drill.py

deb: build ## make the Debian package in .build/package, and look at it with lintian
	@deploy/install-build-dependencies.sh package
	@package=$$(deploy/package/build-deb.sh .build/release/musterd) && echo $$package && lintian --fail-on error $$package

system-test: build ## install the package on a booted systemd: incident, reload, upgrade under load, watchdog, removal
	@deploy/install-build-dependencies.sh system
	@Tests/System/system-test.sh .build/release/musterd

failover-drill: build ## kill, switch over, freeze and cut off the leader of three PostgreSQL under Patroni while the daemon is written to
	@deploy/install-build-dependencies.sh failover
	@Tests/Drills/failover.sh .build/release/musterd

clean: ## remove what was built (the demonstration's ./data stays)
	swift package clean

dependencies:
	@deploy/install-build-dependencies.sh
