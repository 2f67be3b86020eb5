#!/usr/bin/env bash
# Runs the server with a small synthetic town and says how to sign in. Ctrl-C stops it; the data stay for the next time.
# Use: tools/demo.sh PROGRAM PAGES_FOLDER DATA_FOLDER ADDRESS:PORT
set -euo pipefail
program=$1 pages=$2 data=$3 listen=$4
base=http://$listen
host=${listen%:*} port=${listen##*:}
host=${host#[} host=${host%]}
[ "$host" != 0.0.0.0 ] && [ "$host" != :: ] || host=localhost
# Another program there, perhaps another tongkang, would be taken for ours.
if (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null; then
  echo "another program has $listen already (another demo?): stop it, or choose another port" >&2
  exit 1
fi
umask 077
mkdir -p "$data"

# One account for each of the two ends of the thin path. Passwords are made once and kept beside the data.
cards=$data/demo-sign-in.txt
if [ ! -s "$cards" ]; then
  rm -f "$cards.new"
  for row in "gate screener 380102 卡口登记员" "desk cdc-officer 3801 疾控随访"; do
    read -r account post area display <<<"$row"
    password=$(head -c 9 /dev/urandom | base64 | tr '+/' 'xy')
    # A first start that was broken off may have left the account: then it only gets the new password.
    if "$program" account list --data "$data" 2>/dev/null | grep -q "^$account "; then
      "$program" account set-password --data "$data" --account "$account" --password-stdin <<<"$password"
    else
      "$program" account add --data "$data" --account "$account" --post "$post" --area "$area" \
        --display "$display" --password-stdin <<<"$password"
    fi
    printf '%-6s %s\n' "$account" "$password" >>"$cards.new"
  done
  mv "$cards.new" "$cards"
fi
# And a resident, the town's first, who signs in by his phone: the texts of the demonstration go into a file.
phone=19900000001
if ! "$program" account list --data "$data" 2>/dev/null | grep -q "^resident "; then
  "$program" account add --data "$data" --account resident --kind resident --post resident --record Patient/demo-00001 \
    --display 居民 --no-password
  "$program" account set-phone --data "$data" --account resident <<<"$phone"
fi

"$program" serve --data "$data" --listen "$listen" --pages "$pages" --sms simulated &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT

ready=no
for _ in $(seq 600); do
  kill -0 "$server" 2>/dev/null || { echo "the server ended at once: see above" >&2; exit 1; }
  if curl -fsS -o /dev/null "$base/health/ready" 2>/dev/null; then ready=yes; break; fi
  sleep 0.1
done
[ $ready = yes ] || { echo "the server was not ready after a minute" >&2; exit 1; }

"$program" token --data "$data" --account admin >"$data/demo-token.txt"
python3 "$(dirname "$0")/demo_seed.py" --base "$base" --token-file "$data/demo-token.txt"

cat <<TEXT

Tongkang is running. Ctrl-C stops it; ./tk demo starts it again with the same data.

  desk pages    $base/work/      account desk
  phone pages   $base/m/         account gate (in a browser's phone view)
  one's own     $base/           a resident, by text message to $phone; the code: tail -1 $data/sms_simulated.jsonl
  FHIR          $base/fhir       with a token: curl -H "Authorization: Bearer \$(cat $data/demo-token.txt)" $base/fhir/Patient?_count=1

  Passwords (also in $cards):
$(sed 's/^/    /' "$cards")

  To see the thin path: open both pages side by side, take a person on the phone page by one of these numbers
  and enter 38.2:
$(python3 -B "$(dirname "$0")/demo_seed.py" --show-number | sed 's/^/    /')
TEXT
wait "$server"
