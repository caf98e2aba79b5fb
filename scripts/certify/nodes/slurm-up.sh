#!/bin/sh
# Starts a Slurm of four nodes on this machine, as root, from Debian's slurm-wlm and munge:
#   apt-get install -y slurm-wlm munge; sh scripts/certify/nodes/slurm-up.sh FOLDER
# Everything it writes lies in FOLDER; `slurm-down.sh FOLDER` ends it. Prints the SLURM_CONF to use.
# SLURM_NODES (4) and SLURM_CPUS of each (all of the machine) say how many tasks run at once; a second Slurm beside the
# first wants another SLURM_PORT (16800: uses that and one more a node); SLURM_SHARE=NO puts one task on a CPU.
set -e
folder=$1
mkdir -p "$folder/state" "$folder/spool"
host=$(hostname -s)
nodes=${SLURM_NODES:-4}
cpus=${SLURM_CPUS:-$(nproc)}
port=${SLURM_PORT:-16800}
ports=$((port + 1))-$((port + nodes))
memory=$(awk '/MemTotal/ {print int($2 / 1100)}' /proc/meminfo)
cat > "$folder/slurm.conf" <<END
ClusterName=sluice
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CryptoType=crypto/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
SlurmctldPort=$port
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2
MpiDefault=none
ReturnToService=2
MaxArraySize=1001
JobRequeue=1
KillWait=5
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$ports] CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=n[1-$nodes] Default=YES MaxTime=INFINITE State=UP OverSubscribe=${SLURM_SHARE:-FORCE:8}
END
head -c 1024 /dev/urandom > "$folder/munge.key"
chmod 700 "$folder" && chmod 400 "$folder/munge.key"
munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
export SLURM_CONF="$folder/slurm.conf"
slurmctld -c
for n in $(seq -f 'n%.0f' 1 "$nodes"); do
  mkdir -p "$folder/spool/$n"
  slurmd -N $n
done
echo "SLURM_CONF=$folder/slurm.conf"
