# pg.sh: a PostgreSQL of one's own for one test run. Sourced.
#   pg_start   sets LINLI_TEST_PG and LINLI_PG_BIN; nothing on the machine is touched but a temporary folder
#   pg_stop    ends that server, by its own id, and removes the folder

pg_dir=

# as_pg runs a command as a user PostgreSQL accepts: it refuses root.
as_pg() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && exec setpriv --reuid="$pg_user" --regid="$(id -g "$pg_user")" --clear-groups -- "$@")
	else
		"$@"
	fi
}

pg_start() {
	local try port pid
	LINLI_PG_BIN=$(pg_bin)
	pg_user=postgres
	if [ "$(id -u)" = 0 ] && ! id postgres >/dev/null 2>&1; then pg_user=nobody; fi
	pg_dir=$(mktemp -d /tmp/linli-pg.XXXXXX)
	chmod 755 "$pg_dir"
	mkdir "$pg_dir/data"
	[ "$(id -u)" != 0 ] || chown -R "$pg_user" "$pg_dir"
	as_pg "$LINLI_PG_BIN/initdb" -D "$pg_dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$pg_dir/initdb.log" 2>&1 ||
		{ cat "$pg_dir/initdb.log"; return 1; }
	for try in 1 2 3 4 5 6 7 8; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000)) # below the ports the kernel hands out
		# No fsync: this server keeps nothing that matters. The tests that kill one start their own.
		as_pg "$LINLI_PG_BIN/postgres" -D "$pg_dir/data" -p $port -k "$pg_dir" -h 127.0.0.1 \
			-c fsync=off -c synchronous_commit=off -c full_page_writes=off \
			-c max_connections=300 -c max_locks_per_transaction=256 -c max_pred_locks_per_transaction=256 \
			>"$pg_dir/log.$try" 2>&1 </dev/null &
		pid=$!
		for _ in $(seq 100); do
			if "$LINLI_PG_BIN/pg_isready" -q -h 127.0.0.1 -p $port -U postgres && pg_ours; then
				export LINLI_TEST_PG="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable" LINLI_PG_BIN
				return 0
			fi
			kill -0 $pid 2>/dev/null || break # most likely the port was taken
			sleep 0.2
		done
		pg_end
		wait $pid 2>/dev/null
	done
	cat "$pg_dir"/log.*
	return 1
}

# pg_ours holds once the server in our folder says it is ready.
pg_ours() { [ "$(sed -n '8s/ *$//p' "$pg_dir/data/postmaster.pid" 2>/dev/null)" = ready ]; }

pg_end() {
	local pid
	pid=$(head -n 1 "$pg_dir/data/postmaster.pid" 2>/dev/null) || return 0
	[ -n "$pid" ] || return 0
	kill -INT "$pid" 2>/dev/null # fast shutdown
	for _ in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -QUIT "$pid" 2>/dev/null
}

pg_stop() {
	[ -n "$pg_dir" ] || return 0
	pg_end
	wait 2>/dev/null
	rm -rf "$pg_dir"
	pg_dir=
}
