set -e
had=$(cat /proc/sys/fs/inotify/max_user_instances || echo 1024)
[ $had -ge 1024 ] || ! echo 1024 > /proc/sys/fs/inotify/max_user_instances || echo "fs.inotify.max_user_instances of the engine's host raised from $had to 1024"
for family in all default; do echo 1 > /proc/sys/net/ipv6/conf/$family/disable_ipv6; done 2>/dev/null || true
for nf in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $nf ] || echo 0 > $nf; done
ip -batch - <<'EOF'
link add s0 mtu 1500 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
link set s0 alias client up
link add s1 mtu 1500 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
link set s1 alias k8s up
EOF