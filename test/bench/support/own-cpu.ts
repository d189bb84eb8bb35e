/** Processor seconds of this process, which a busy machine changes less than wall time. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Processor seconds of the work, the median of three rounds. */
export async function cpuOf(work: () => unknown): Promise<number> {
  const rounds: number[] = []
  for (let round = 0; round < 3; round++) {
    const began = cpuSeconds()
    await work()
    rounds.push(cpuSeconds() - began)
  }
  return rounds.sort((a, b) => a - b)[1] ?? 0
}
