import { describe, expect, it } from 'vitest'
import type { Envelope } from '../../../src/core/envelope.ts'
import { compileDetectors } from '../../../src/detect/detect-all.ts'
import { parseLabelMap } from '../../../src/detect/label/label-map.ts'
import { compilePolicies } from '../../../src/policy/compile-policies.ts'
import type { Directory } from '../../../src/policy/directory.ts'
import { evaluate } from '../../../src/policy/evaluate.ts'
import { runScan, type ScanJob } from '../../../src/scan/scan-job.ts'
import { docxOf } from '../../extract/formats/making.ts'

const GUID = '8f2d1c54-6a0e-4b7b-9d3c-2f1e5a7b9c01'
const MAP = `levels: [public, internal, confidential, secret]
headers: [X-House-Class]
properties: [House Class]
map:
  - { scheme: msip, id: ${GUID}, level: confidential }
  - { scheme: tlp, name: TLP:RED, level: secret }
  - { scheme: tlp, name: TLP:CLEAR, level: public }
  - { scheme: marking, id: internal, level: internal }
  - { scheme: protective-marking, name: 'SECRET*', level: secret }
  - { scheme: header, header: x-house-class, name: blue, level: confidential }
  - { scheme: property, header: house class, name: '*level=4*', level: secret }
`
const POLICY = `policy: labels
name: Labels
rules:
  - { id: high, severity: high, when: { label: { at_least: confidential } }, action: block, message: too high }
  - { id: conflict, severity: low, when: { label: conflicting }, action: quarantine, message: conflicting }
  - { id: unlabelled, severity: low, when: { label: unlabelled }, action: quarantine, message: none }
`
const { map } = parseLabelMap('labels.yaml', MAP)
if (!map) throw new Error('the label map has a mistake')
const detectors = compileDetectors({ rules: [], catalogRevision: 'test', labelMap: map })
const { policies, diagnostics } = compilePolicies([{ file: 'p.yaml', text: POLICY }], {
  detectors: [],
  labelLevels: map.levels,
})
const directory: Directory = { internalDomains: [], partners: {}, groups: {}, managers: {}, reviewers: [] }

async function rulesFor(job: Omit<ScanJob, 'declaredType'>): Promise<string[]> {
  if (!policies) throw new Error(diagnostics.map((d) => d.message).join('\n'))
  const settings = {
    findingKey: new Uint8Array(32),
    extract: { labelHeaders: [...(map?.headers ?? []), ...(map?.properties ?? [])] },
  }
  const report = await runScan({ ...job, declaredType: null }, detectors, settings)
  const envelope: Envelope = {
    channel: job.as,
    sender: 'a@x.example',
    recipients: [{ address: 'b@y.example' }],
    client: { address: '127.0.0.1', listener: 'test', protocol: 'local' },
    body: '8BITMIME',
    smtpUtf8: true,
    dsn: {},
    receivedAt: 0,
  }
  return evaluate(policies, { envelope, report, directory, now: 0 }).reasons.map((reason) => reason.rule)
}

const docx = (text: string, custom?: string) =>
  rulesFor({
    as: 'upload',
    filename: 'a.docx',
    bytes: new Uint8Array(
      docxOf(`<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`, custom === undefined ? {} : { 'docProps/custom.xml': custom }),
    ),
  })
const mail = (header: string, body = 'Hello') =>
  rulesFor({
    as: 'mail',
    filename: null,
    bytes: new Uint8Array(Buffer.from(`From: a@x.example\r\nTo: b@y.example\r\n${header}\r\n\r\n${body}\r\n`)),
  })
const property = (name: string, value: string) =>
  `<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="${name}"><vt:lpwstr>${value}</vt:lpwstr></property>`
const msip = (enabled: string) =>
  `<Properties>${property(`MSIP_Label_${GUID}_Enabled`, enabled)}${property(`MSIP_Label_${GUID}_Name`, 'Vertraulich 3')}</Properties>`

describe('a policy about levels', () => {
  it('sees the label of a document through the label map', async () => {
    expect(await docx('Plans', msip('true'))).toEqual(['high'])
  })

  it('sees a property that the map names, whatever its maker puts into it', async () => {
    const owned = (name: string) => `<Properties>${property(name, 'v=1;level=4;by=x')}</Properties>`
    expect(await docx('Plans', owned('House Class'))).toEqual(['high'])
    expect(await docx('Plans', owned('Other Class'))).toEqual(['unlabelled'])
  })

  it('sees a removed label as none', async () => {
    expect(await docx('Plans', msip('false'))).toEqual(['unlabelled'])
  })

  it('sees a document without a label as unlabelled', async () => {
    expect(await docx('Plans')).toEqual(['unlabelled'])
  })

  it.each<[string, string, string[]]>([
    ['a label header of the house', 'X-House-Class: Blue', ['high']],
    ['another header', 'X-Other-Class: Blue', ['unlabelled']],
    ['a protective marking', 'X-Protective-Marking: VER=2018.4, NS=gov.au, SEC=SECRET, ORIGIN=a@x.example', ['high']],
    ['a marking in the subject', 'Subject: [TLP:RED] now', ['high']],
    ['a low marking in the subject', 'Subject: [TLP:CLEAR] now', []],
  ])('sees %s', async (_name, header, expected) => {
    expect(await mail(header)).toEqual(expected)
  })

  it('sees a marking on the last line, and contradictions', async () => {
    expect(await mail('Subject: x', 'Hello\r\n\r\nFor internal use only')).toEqual([])
    expect(await mail('Subject: [TLP:CLEAR] x', 'Hello\r\n\r\nFor internal use only')).toEqual(['conflict'])
  })
})
