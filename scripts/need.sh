#!/usr/bin/env bash
# need.sh: what the tests need besides Go. Installs only what is missing: by apt
# chromium, Chinese fonts, PostgreSQL, Java and node; by npm axe-core and the HTML checker,
# into .cache; by go the modules.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .cache
. scripts/where.sh

lack=()
[ -n "$(chromium_path)" ] || lack+=(chromium)
has_font || lack+=(fonts-noto-cjk)
[ -n "$(pg_bin)" ] || lack+=(postgresql)
has_java || lack+=(default-jre-headless)
{ has_axe && has_vnu; } || { command -v npm >/dev/null || lack+=(nodejs npm); }

if [ ${#lack[@]} -gt 0 ]; then
	echo "installing ${lack[*]}"
	root=
	[ "$(id -u)" = 0 ] || root=sudo
	if ! command -v apt-get >/dev/null || { [ -n "$root" ] && ! command -v sudo >/dev/null; }; then
		echo "please install: ${lack[*]}" >&2
		exit 1
	fi
	apt() { $root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" </dev/null; }
	install() { apt install -y --no-install-recommends "${lack[@]}" >.cache/apt.log 2>&1; }
	install || for wait in 1 5 20; do # the lists of a fresh machine are empty or old
		apt update || true
		install && break
		sleep $wait
	done
fi

if ! has_axe || ! has_vnu; then # together: npm drops what it is not told of
	echo "installing axe-core $axe_version and vnu-jar $vnu_version"
	ca=/etc/ssl/certs/ca-certificates.crt # node does not look at the machine's own authorities by itself
	[ -n "${NODE_EXTRA_CA_CERTS:-}" ] || [ ! -e $ca ] || export NODE_EXTRA_CA_CERTS=$ca
	for wait in 1 5 20; do
		npm install --prefix .cache/npm --no-save --no-audit --no-fund --ignore-scripts --fetch-retries=1 --loglevel=error "axe-core@$axe_version" "vnu-jar@$vnu_version" >.cache/npm.log 2>&1 && break
		sleep $wait
	done
fi

for wait in 1 5 20; do # the modules, before anything needs them: a hiccup here is no failed test
	go mod download && break
	sleep $wait
done

missing=
[ -n "$(chromium_path)" ] || missing="$missing chromium"
has_font || missing="$missing fonts-noto-cjk"
[ -n "$(pg_bin)" ] || missing="$missing postgresql"
has_java || missing="$missing java"
has_axe || missing="$missing axe-core"
has_vnu || missing="$missing vnu-jar"
if [ -n "$missing" ]; then
	tail -n 20 .cache/apt.log .cache/npm.log 2>/dev/null || true
	echo "could not be installed:$missing" >&2
	exit 1
fi
