import { describe, expect, it } from 'vitest'
import { readMail } from './reading.ts'

const GUID = 'f42aa342-8706-4288-bd11-ebb85995028c'
const labels = async (fields: string) => (await readMail(`From: a@b\r\n${fields}\r\n\r\nx`)).extraction.labels

describe('labels in mail header fields', () => {
  it('Microsoft, one folded field', async () => {
    const field = [
      'Enabled=True',
      'SiteId=72F988BF-86f1-41af-91ab-2d7cd011db47',
      'SetDate=2020-04-24T02:40:45Z',
      'Name=General',
      'ContentBits=3',
      'Method=Privileged',
    ]
      .map((pair) => `MSIP_Label_${GUID}_${pair}`)
      .join(';\r\n ')
    expect(await labels(`msip_labels: ${field}`)).toEqual([
      {
        scheme: 'msip',
        id: GUID,
        name: 'General',
        part: 'mail',
        header: 'msip_labels',
        siteId: '72f988bf-86f1-41af-91ab-2d7cd011db47',
        method: 'Privileged',
        contentBits: 3,
        setAt: '2020-04-24T02:40:45Z',
      },
    ])
  })
  it('Microsoft, a field for each property, switched off', async () => {
    expect(await labels(`msip_label_${GUID}_enabled: false\r\nmsip_label_${GUID}_name: Old`)).toEqual([
      { scheme: 'msip', id: GUID, name: 'Old', part: 'mail', header: 'msip_labels', removed: true },
    ])
  })
  it('Titus', async () => {
    const json = {
      Metadata: {
        ns: 'http://x',
        id: '1',
        props: [{ n: 'Classification', vals: [{ value: 'Secret' }, { value: 'Own' }] }],
      },
    }
    expect(await labels(`x-titus-metadata-40: ${Buffer.from(JSON.stringify(json)).toString('base64')}`)).toEqual([
      { scheme: 'titus', id: 'Classification', name: 'Secret, Own', header: 'x-titus-metadata-40', part: 'mail' },
    ])
  })
  it.each([
    'Sensitivity: Company-Confidential',
    'x-ctpclassification: CTP_NT',
    'X-HCLClassification: HCL',
    'dlp-product: dlpe-windows',
  ])('%s', async (field) => {
    const [name = '', value = ''] = field.split(': ')
    expect(await labels(field)).toEqual([
      { scheme: 'header', id: value, name: value, header: name.toLowerCase(), part: 'mail' },
    ])
  })
  it('Australian protective marking, in its field and in the subject', async () => {
    expect(
      (await labels('X-Protective-Marking: VER=2018.4, NS=gov.au,\r\n SEC=OFFICIAL: Sensitive, ORIGIN=a@b')).map(
        (l) => [l.scheme, l.name],
      ),
    ).toEqual([['protective-marking', 'OFFICIAL:Sensitive']])
    expect((await labels('Subject: x [SEC=PROTECTED, EXPIRES=2019-07-01]')).map((l) => [l.scheme, l.name])).toEqual([
      ['protective-marking', 'PROTECTED'],
    ])
  })
  it('SIO-Label', async () => {
    expect(
      await labels('SIO-Label: marking="EXAMPLE CONFIDENTIAL";\r\n fgcolor=black; type=":ess"; label="MQYGASkCAQM="'),
    ).toEqual([{ scheme: 'sio', id: ':ess', name: 'EXAMPLE CONFIDENTIAL', header: 'sio-label', part: 'mail' }])
  })
  it('mail without a label has none', async () => expect(await labels('Subject: plain')).toEqual([]))
})
