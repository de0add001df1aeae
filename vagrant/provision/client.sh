#!/bin/sh
# The client: curl, and `ask`, which asks the virtual address all the time. Run by vagrant as root;
# may run again.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y curl tcpdump

cat >/usr/local/bin/ask <<'EOF'
#!/bin/sh
# Asks the virtual address ten times a second and prints who answered, when that changes or fails.
# Usage: ask [COUNT]; without COUNT until interrupted.
count=${1:--1}
before=
since=$(date +%s%3N)
while [ "$count" -ne 0 ]; do
    count=$((count - 1))
    answer=$(curl --silent --fail --max-time 0.2 http://192.168.56.80/) || answer="no answer"
    if [ "$answer" != "$before" ]; then
        now=$(date +%s%3N)
        echo "$(date +%T.%3N) $answer (before, for $((now - since)) ms: ${before:-nothing})"
        before=$answer
        since=$now
    fi
    sleep 0.1
done
EOF
chmod 0755 /usr/local/bin/ask
