import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const main = resolve(import.meta.dirname, '../../src/cli/main.ts')

it('the demonstration shows a message for every action, encryption and its fallback included', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'demo'])
  const rows = stdout.split('\n').map((line) => line.split('│').map((cell) => cell.trim()))
  const verdicts = rows.flatMap(([, , recipient = '', verdict, now]) =>
    recipient.includes('@') ? [`${recipient} ${verdict} ${now}`] : [],
  )
  expect(verdicts).toEqual([
    'alex@partner.example pass delivered',
    ...Array<string>(4).fill('alex@partner.example quarantine quarantined'),
    'dev@contractor.example quarantine quarantined',
    'alex@partner.example quarantine quarantined',
    'kim@example.com pass delivered',
    'dana@law.example encrypt delivered',
    'robin@law.example encrypt quarantined',
    'alex@partner.example block blocked',
  ])
  expect(stdout).toContain('npm run demo -- --keep')
}, 120_000)
