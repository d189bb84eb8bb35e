import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { diagnose } from '../../src/app/doctor.ts'
import { sandboxOf, startExtractPool } from '../../src/app/start-scan-pool.ts'
import { parseConfig } from '../../src/config/load-config.ts'
import type { Config } from '../../src/config/schema.ts'
import { prepareSandbox } from '../../src/scan/sandbox-launch.ts'
import { drawText, pngOf } from '../extract/ocr/draw-text.ts'

async function configWith(ocr: string): Promise<Config> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-ocr-'))
  const text = `data_dir: ${dir}\nlisteners: [{ name: in, port: 0 }]\nscan: { threads: 1, ocr: ${ocr} }\n`
  const { config, diagnostics } = parseConfig(join(dir, 'sluice.yaml'), text, {})
  if (!config) throw new Error(diagnostics.map((d) => d.message).join())
  return config
}

async function saidOf(ocr: string): Promise<{ text: string; uninspected: string[] }> {
  const pool = await startExtractPool(await configWith(ocr))
  try {
    const bytes = new Uint8Array(pngOf(drawText(['CARD NUMBER', '4929 1234 5678 9012'])))
    const { texts, uninspected } = await pool.extract({ bytes, as: 'upload', filename: 'a.png', declaredType: null })
    const text = texts.map(({ utf8 }) => Buffer.from(utf8).toString('utf8')).join('\n')
    return { text, uninspected: uninspected.map(({ reason }) => reason) }
  } finally {
    await pool.close()
  }
}

describe('scan.ocr', () => {
  it('reads pictures in a scan worker', async () => {
    const { text, uninspected } = await saidOf('{}')
    expect(text).toContain('4929 1234 5678 9012')
    expect(uninspected).toEqual([])
  })

  it('reads none when it is switched off', async () => {
    expect(await saidOf('{ enabled: false }')).toEqual({ text: 'a.png', uninspected: ['not-readable'] })
  })

  it('refuses to start without the data of a language', async () => {
    const config = await configWith('{ languages: [eng, deu] }')
    await expect(startExtractPool(config)).rejects.toThrow('there is no deu.traineddata')
  })

  it('takes data from a folder beside the configuration', async () => {
    const config = await configWith('{ languages: [deu], data: . }')
    await writeFile(join(config.scan.ocr.data ?? '', 'deu.traineddata'), '')
    const pool = await startExtractPool(config)
    await pool.close()
  })
})

const { missing } = await prepareSandbox({ memoryMaxBytes: 1024 ** 3 })

describe('scan.sandbox', () => {
  const sandboxOfDoctor = async (config: Config) => {
    for await (const finding of diagnose(config)) if (finding.check === 'sandbox') return finding
    return null
  }
  const configOf = async (sandbox: string): Promise<Config> => {
    const config = await configWith('{}')
    return { ...config, scan: { ...config.scan, sandbox: sandbox as Config['scan']['sandbox'] } }
  }
  it('process: no bubblewrap, which doctor notes', async () => {
    const config = await configOf('process')
    expect((await sandboxOf(config)).launch.kind).toBe('process')
    expect(await sandboxOfDoctor(config)).toMatchObject({ state: 'note', remedy: 'set scan.sandbox to auto' })
  })

  it.runIf(missing === null)('bubblewrap: is used where it works', async () => {
    const config = await configOf('bubblewrap')
    expect((await sandboxOf(config)).launch.kind).toBe('bubblewrap')
    expect(await sandboxOfDoctor(config)).toMatchObject({ state: 'ok' })
  })

  it.runIf(missing !== null)('bubblewrap: nothing starts without it, and doctor says what to do', async () => {
    const config = await configOf('bubblewrap')
    await expect(startExtractPool(config)).rejects.toThrow('scan.sandbox: ')
    expect(await sandboxOfDoctor(config)).toMatchObject({ state: 'problem', remedy: expect.any(String) })
  })
})
