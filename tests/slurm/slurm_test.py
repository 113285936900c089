"""The recipe for Slurm (examples/cluster/slurm.sh), given to Slurm itself: its controller and its node on this
machine, from Debian's packages. With Slurm's variables alone it is tested in tests/cli/cluster_test.py."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import cluster_test  # noqa: E402

# Without the secrets that several machines would share, and without the waiting that spares a large cluster work.
SLURM_CONF = """\
ClusterName=rowmill
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/none
CredType=cred/none
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def setUpModule():
    if not all(shutil.which(name) for name in ("slurmctld", "slurmd", "sbatch")):
        raise unittest.SkipTest("Slurm is not installed")
    if os.geteuid() != 0:
        raise unittest.SkipTest("a node of Slurm has to be started by root")


class SlurmTest(cluster_test.RecipeTest):
    def start_slurm(self):
        folder = self.folder / "slurm"
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        host = socket.gethostname().split(".")[0]
        configuration = folder / "slurm.conf"
        configuration.write_text(SLURM_CONF.format(folder=folder, host=host, ports=free_ports(2), cpus=os.cpu_count()))
        self.environment["SLURM_CONF"] = str(configuration)
        for command in (["slurmctld", "-D", "-c"], ["slurmd", "-D", "-N", host]):
            with open(folder / f"{command[0]}.log", "wb") as log:
                daemon = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
            self.addCleanup(daemon.wait)
            self.addCleanup(daemon.terminate)
        deadline = time.monotonic() + 60
        while True:
            state = subprocess.run(["sinfo", "-h", "-o", "%t"], env=self.environment, capture_output=True,
                                   text=True, check=False).stdout.strip()
            if state == "idle":
                return
            if time.monotonic() > deadline:
                self.fail(f"Slurm's node is {state or 'not there'} after a minute:\n" +
                          "".join(path.read_text()[-1500:] for path in folder.glob("*.log")))
            time.sleep(0.2)

    def test_the_commands_of_the_recipe(self):
        self.start_slurm()
        job = self.run_part(["sbatch", "--parsable", cluster_test.RECIPES / "slurm.sh", "reviews.csv", "answers"]).stdout.strip()
        self.run_part(["sbatch", "--wait", f"--dependency=afterok:{job}", "--wrap",
                       "rowmill merge answers/part-*.csv -o answers.csv"])
        self.assertEqual(len(list((self.folder / "answers").glob("part-*-of-8.csv"))), cluster_test.SHARDS)
        self.assertEqual(self.read("answers.csv"), self.read("whole.csv"))
        # Given once more it does nothing. (A task that Slurm itself requeues waits for two minutes first.)
        again = self.run_part(["sbatch", "--parsable", "--wait", cluster_test.RECIPES / "slurm.sh", "reviews.csv", "answers"])
        for part in range(cluster_test.SHARDS):
            log = self.folder / f"slurm-{again.stdout.strip()}_{part}.out"
            self.assertIn("nothing was left to do", log.read_text())


if __name__ == "__main__":
    unittest.main()
