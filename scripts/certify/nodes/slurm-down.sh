#!/bin/sh
# Ends the Slurm that slurm-up.sh started in FOLDER, by the process ids that it left there.
folder=$1
for pid in "$folder"/slurmd-*.pid "$folder/slurmctld.pid" "$folder/munged.pid"; do
  [ -f "$pid" ] && kill "$(cat "$pid")" 2> /dev/null
done
exit 0
