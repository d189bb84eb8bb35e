/** About ten messages of a company's ordinary day, each with what a person should see become of it. */
import { DESIGN_DOCUMENT, docx, zip } from './demo-files.ts'

export interface DemoMessage {
  readonly title: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly attachments: readonly { readonly filename: string; readonly content: Uint8Array }[]
}

const SALES = 'sam@example.com'
const OUTSIDE = 'alex@partner.example'

/** Card numbers that issuers publish for tests: valid by their check digit, and nobody's. */
const CARDS = ['4111 1111 1111 1111', '5555 5555 5555 4444', '3782 822463 10005', '6011 1111 1111 1117']

export async function demoMessages(secretKey: string): Promise<DemoMessage[]> {
  const plain = (
    title: string,
    subject: string,
    text: string,
    to: readonly string[] = [OUTSIDE],
    from = SALES,
  ): DemoMessage => ({
    title,
    from,
    to,
    subject,
    text,
    attachments: [],
  })
  const customers = `name,card number,expiry\n${CARDS.map((card, i) => `Customer ${i + 1},${card},12/29`).join('\n')}\n`
  const inner = await zip([['customers.csv', customers]])
  const label = {
    id: '8f2d1c54-6a0e-4b7b-9d3c-2f1e5a7b9c01',
    siteId: '3b1f4f57-0d2a-4f6d-8f0e-7c1d2e3f4a5b',
    name: 'Highly Confidential',
  }
  const paragraph = DESIGN_DOCUMENT.split('\n\n')[1]?.replaceAll('\n', ' ') ?? ''
  return [
    plain('a clean message', 'Lunch on Thursday', 'Shall we meet at noon at the usual place?'),
    {
      ...plain('card numbers, zip in zip', 'The list you asked for', 'Attached, as agreed.'),
      attachments: [{ filename: 'march.zip', content: await zip([['inner/customers.zip', inner]]) }],
    },
    {
      ...plain('a document labelled highly confidential', 'Board paper', 'For your eyes.'),
      attachments: [
        {
          filename: 'board-paper.docx',
          content: await docx(['Agenda of the meeting in May.', 'Item one: budget.'], label),
        },
      ],
    },
    plain(
      'a paragraph of a registered document',
      'How our valve works',
      `You asked how it keeps so quiet:\n\n> ${paragraph}\n\nBest, Sam`,
    ),
    {
      ...plain('an encrypted archive', 'Photos', 'The password comes by phone.'),
      attachments: [{ filename: 'photos.zip', content: await zip([['a.txt', 'holiday']], 'a long password') }],
    },
    plain('a private key in the text', 'Access to the build server', `Use this key:\n\n${secretKey}\n`, [
      'dev@contractor.example',
    ]),
    plain(
      'cards to a colleague and to outside',
      'Refunds of today',
      `Please refund visa card ${CARDS[0]} and mastercard card number ${CARDS[1]}.`,
      ['kim@example.com', OUTSIDE],
    ),
    plain('legal mail that a policy encrypts', 'The licence', 'Our position on the licence, as discussed.', [
      'dana@law.example',
    ]),
    plain('encryption without a key', 'The licence', 'The same for your colleague.', ['robin@law.example']),
    plain('a code name a policy blocks', 'Project Heliotrope', 'Signing of Heliotrope is on the 14th.'),
  ]
}

/** What the demonstration adds to the packaged policies. */
export const DEMO_POLICY = `policy: demo
name: Demonstration
description: A code name that may not leave, and legal mail that leaves encrypted.
applies_to:
  recipient: outside
rules:
  - id: code-name
    severity: critical
    when:
      finding: { detector: heliotrope, confidence: high }
    action: block
    message: Project Heliotrope is not public yet.
  - id: legal-mail
    severity: medium
    when:
      recipient: { domain: law.example }
    action: encrypt
    encrypt: { methods: [smime, openpgp], fallback: quarantine }
    message: Mail to the law firm leaves encrypted.
`

export const DEMO_RULE = `rules:
  - id: heliotrope
    name: Project Heliotrope
    family: intellectual_property
    description: Code name of a project that is not public yet.
    references: [https://sluice.example/demo]
    patterns:
      - id: name
        regex: '(?i)heliotrope'
        confidence: high
    examples: [Project Heliotrope, the HELIOTROPE papers, heliotrope.]
    negative_examples: [sunflower, violet, heliography]
`
