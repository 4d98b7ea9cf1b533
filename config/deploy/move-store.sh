#!/usr/bin/env bash
# Moves to another store: move-store.sh OLD.yaml NEW.yaml, two configs that differ in `store`. Stop `run` before; start it with NEW after.
# Needs jq. RECORDING_NOTIFIER="node dist/cli.js" where the command has no other name.
#
# The new store remembers what is there without announcing it (firstPoll has to be `remember`, as it is by default); then it is told to
# announce what became available meanwhile and what the old one still had to deliver, under the same event ids. When a step fails, do the
# whole again: nothing is lost by that, and what is sent twice has the same id. README.md says what does not move.
set -euo pipefail
old=${1:?OLD.yaml NEW.yaml} new=${2:?OLD.yaml NEW.yaml}
notifier=${RECORDING_NOTIFIER:-recording-notifier}
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT

echo "The old store: what changed until now is told, and what is due is tried." >&2
$notifier poll --config "$old"
$notifier recordings --config "$old" --json >"$kept/old"
$notifier deliveries --config "$old" --json >"$kept/deliveries"
held=$(jq -r 'select(.state == "held") | .id' "$kept/deliveries" | wc -l)
if [ "$held" -gt 0 ]; then
  echo "Deliveries are held, $held: decide first, by \"release\" or \"discard\" with --config $old." >&2
  exit 1
fi

echo "The new store: what is there is remembered." >&2
$notifier poll --config "$new"
$notifier recordings --config "$new" --json >"$kept/new"

available='select(.status == "available") | "\(.source) \(.uuid)"'
jq -r "$available" "$kept/old" | LC_ALL=C sort >"$kept/told"
jq -r "$available" "$kept/new" | LC_ALL=C sort >"$kept/available"
LC_ALL=C comm -13 "$kept/told" "$kept/available" | cut -d ' ' -f 2 >"$kept/meanwhile"
echo "Became available meanwhile: $(wc -l <"$kept/meanwhile")." >&2
unsent=0
xargs -r -n 50 $notifier announce --config "$new" <"$kept/meanwhile" || unsent=1

waiting='select(.state == "pending" and .type == "recording.available")'
for sink in $(jq -r "$waiting | .sink" "$kept/deliveries" | sort -u); do
  jq -r "$waiting | select(.sink == \"$sink\") | .uuid" "$kept/deliveries" >"$kept/waiting"
  echo "Still waiting for $sink: $(wc -l <"$kept/waiting")." >&2
  xargs -r -n 50 $notifier announce --config "$new" --sink "$sink" <"$kept/waiting" || unsent=1
done

others=$(jq -r 'select(.state == "pending" and .type != "recording.available") | .id' "$kept/deliveries" | wc -l)
echo "Pending deliveries of other events, which stay in the old store: $others." >&2
if [ "$unsent" = 1 ]; then
  echo "Not everything was delivered. What is above as waiting is in the new store, and \"run\" goes on with it; what was refused is not." >&2
  exit 1
fi
