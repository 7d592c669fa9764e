#!/usr/bin/env bash
# A Slurm of one node with two cores on this machine, for the tests, beside any other: keys, sockets,
# configuration and logs lie in FOLDER, ports are free ones. Needs root and Debian's packages
# slurm-wlm and munge (seen with 22.05).
#
#   one_node_slurm.sh start FOLDER    then: export SLURM_CONF=FOLDER/slurm.conf
#   one_node_slurm.sh stop FOLDER
set -euo pipefail

verb=${1:?start or stop} folder=$(realpath -m "${2:?a folder}")
export SLURM_CONF=$folder/slurm.conf
name=$(hostname -s)

end() { # by the ids that the daemons have written down
  for file in slurmd.pid slurmctld.pid munge/pid; do
    [ -f "$folder/$file" ] && kill "$(cat "$folder/$file")" 2>/dev/null
  done
  true
}

if [ "$verb" = stop ]; then
  scancel --user=root 2>/dev/null || true
  for _ in $(seq 40); do [ -z "$(squeue --noheader 2>/dev/null)" ] && break || sleep 0.5; done
  end
  exit
fi

mkdir -p "$folder"/{state,spool,munge}
chmod 711 "$folder" "$folder/munge" # munge has a user of its own
read -r controller node < <(python3 -c '
import socket
probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(probe.getsockname()[1] for probe in probes))')
# Jobs of `high` displace those of `low`, which have ten seconds to end and then begin again.
cat >"$SLURM_CONF" <<CONF
ClusterName=leydentests
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=$controller
SlurmdPort=$node
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerParameters=sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=$name NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=low Nodes=$name Default=YES MaxTime=INFINITE PriorityTier=1 GraceTime=10
PartitionName=high Nodes=$name MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF
CONF
(umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
chown -R munge "$folder/munge"
trap end ERR
su -s /bin/sh munge -c "munged --key-file=$folder/munge/key --socket=$folder/munge/socket \
  --pid-file=$folder/munge/pid --log-file=$folder/munge/log --seed-file=$folder/munge/seed"
slurmctld && slurmd
for _ in $(seq 60); do
  [ "$(sinfo --noheader --partition=low --format=%t 2>/dev/null)" = idle ] && exit
  sleep 0.5
done
echo "Slurm's node has not become idle; its logs are in $folder" >&2
end
exit 1
