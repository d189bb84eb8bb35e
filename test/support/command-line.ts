import { expect } from 'vitest'
import type { GatewayProcess } from './gateway-process.ts'

export type Json = Record<string, unknown>

export interface CommandLine {
  run(args: readonly string[], input?: string): Promise<{ code: number; stdout: string; stderr: string }>
  /** With `--json` every line of stdout is one JSON value and nothing else stands there. */
  answers(args: readonly string[], code?: number, input?: string): Promise<Json[]>
  answer(args: readonly string[], code?: number, input?: string): Promise<Json>
}

/** `sluice` on the installation of a gateway, whether that runs or not. */
export function commandLine(gateway: () => GatewayProcess): CommandLine {
  const run: CommandLine['run'] = (args, input) => gateway().command(args, input)
  const answers: CommandLine['answers'] = async (args, code = 0, input) => {
    const { stdout, stderr, code: exit } = await run(args, input)
    expect(exit, stderr).toBe(code)
    expect(stdout.endsWith('\n') || stdout === '').toBe(true)
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Json]))
  }
  const answer: CommandLine['answer'] = async (args, code = 0, input) => {
    const lines = await answers(args, code, input)
    expect(lines).toHaveLength(1)
    return lines[0] ?? {}
  }
  return { run, answers, answer }
}
