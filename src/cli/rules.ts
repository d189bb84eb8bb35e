import type { Command } from 'commander'

interface Flags {
  readonly json?: boolean
  readonly rules?: string
  readonly config?: string
}

export function register(program: Command): void {
  const rules = program.command('rules').description('Detection rules: list them, check them, run their examples.')
  rules
    .command('list')
    .description('Every detection rule in force.')
    .option('--json', 'one JSON array')
    .option('--rules <dir>', 'rules instead of the configured ones')
    .action(async (_flags: unknown, command: Command) => {
      const { runRulesList } = await import('../app/commands/rules-command.ts')
      process.exitCode = await runRulesList(command.optsWithGlobals<Flags>())
    })
  rules
    .command('check')
    .description('Check rule files; every mistake as file:row:column code message. Exit 1 when there is one.')
    .option('--json', 'one JSON object with the diagnostics')
    .option('--rules <dir>', 'rules instead of the configured ones')
    .action(async (_flags: unknown, command: Command) => {
      const { runRulesCheck } = await import('../app/commands/rules-command.ts')
      process.exitCode = await runRulesCheck(command.optsWithGlobals<Flags>())
    })
  rules
    .command('test')
    .description('Run the examples and negative examples that stand in the rule files. Exit 1 when one fails.')
    .option('--json', 'one JSON object a line')
    .option('--rules <dir>', 'rules instead of the configured ones')
    .action(async (_flags: unknown, command: Command) => {
      const { runRulesTest } = await import('../app/commands/rules-command.ts')
      process.exitCode = await runRulesTest(command.optsWithGlobals<Flags>())
    })
  rules
    .command('reference')
    .description('Every detection rule with its confidence, what lifts it, references and known misses, in Markdown.')
    .option('--rules <dir>', 'rules instead of the configured ones')
    .action(async (_flags: unknown, command: Command) => {
      const { runRulesReference } = await import('../app/commands/rules-command.ts')
      process.exitCode = await runRulesReference(command.optsWithGlobals<Flags>())
    })
}
