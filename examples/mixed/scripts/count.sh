# One rank: counts, for every seed that is its own, how many made-up points of a square are in a circle.
# Usage: mpirun -n RANKS sh count.sh SEEDS POINTS-PER-SEED DIRECTORY
#
# Each launcher tells a rank its number in a variable of its own: Flux, Open MPI, MPICH and Intel MPI, Slurm.
rank=${FLUX_TASK_RANK:-${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-${SLURM_PROCID:-0}}}}
ranks=${FLUX_JOB_SIZE:-${OMPI_COMM_WORLD_SIZE:-${PMI_SIZE:-${SLURM_NTASKS:-1}}}}

mkdir -p "$3"
awk -v rank="$rank" -v ranks="$ranks" -v points="$2" '
    function uniform() { state = (state * 16807) % 2147483647; return state / 2147483647 }
    NR % ranks == rank {
        state = $1
        inside = 0
        for (point = 0; point < points; point++) {
            x = uniform()
            y = uniform()
            if (x * x + y * y < 1) inside++
        }
        print $1, inside, points
    }' "$1" > "$3/rank-$rank.txt"
