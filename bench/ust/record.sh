#!/usr/bin/env bash
# Records a user-space trace of some nine million events into DIR, without losing one: two processes, one of them in a pid
# namespace of its own. Needs lttng-tools, liblttng-ust-dev, gcc and the right to unshare. Usage: record.sh DIR [ROUNDS]
set -euo pipefail
out=$(realpath -m "${1:?usage: record.sh DIR [ROUNDS]}")
rounds=${2:-1500000}
if [ -z "${RECORDING:-}" ]; then
  # The daemon's sockets under /run are its own, so that no other session daemon is met.
  RECORDING=1 exec unshare --mount --propagation private bash "$0" "$out" "$rounds"
fi
here=$(dirname "$(realpath "$0")")
mount -t tmpfs none /run
work=$(mktemp -d)
export LTTNG_HOME=$work LTTNG_UST_ALLOW_BLOCKING=1 LTTNG_UST_REGISTER_TIMEOUT=-1
gcc -O2 -I"$here" -o "$work/shop" "$here/shop.c" -llttng-ust -ldl
lttng-sessiond --no-kernel >/dev/null 2>"$work/sessiond.log" &
daemon=$!
trap 'kill $daemon 2>/dev/null; wait $daemon 2>/dev/null || true; rm -rf "$work"' EXIT
until lttng list >/dev/null 2>&1; do sleep 0.1; done
mkdir -p "$out"
{
  lttng create bench --output="$out"
  lttng enable-channel -u --subbuf-size=4M --num-subbuf=4 --blocking-timeout=inf shop
  lttng enable-event -u --channel=shop 'shop:*'
  lttng add-context -u --channel=shop -t procname -t vpid -t vtid -t pid_ns -t user_ns
  lttng start
} >/dev/null
"$work/shop" "$rounds" &
unshare --fork --pid --mount-proc "$work/shop" "$rounds"
wait $!
lttng destroy >/dev/null
