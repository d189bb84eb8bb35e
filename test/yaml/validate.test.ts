import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Diagnostic } from '../../src/core/diagnostic.ts'
import { parseYaml } from '../../src/yaml/parse-yaml.ts'
import { validate } from '../../src/yaml/validate.ts'

/** One key for every kind of constraint that the schemas use. */
const schema = z.strictObject({
  port: z.number().int().min(0).max(65_535).optional(),
  least: z.number().int().min(1).optional(),
  most: z.number().max(9).optional(),
  open: z.number().gt(0).lt(1).optional(),
  even: z.number().multipleOf(2).optional(),
  on: z.boolean().optional(),
  name: z.string().min(1).max(4).optional(),
  long: z.string().max(3).optional(),
  id: z
    .string()
    .regex(/^[a-z]+$/, 'use small letters')
    .optional(),
  link: z.url().optional(),
  level: z.enum(['low', 'high']).optional(),
  yes: z.literal(true).optional(),
  list: z.array(z.string()).min(1).max(2).optional(),
  some: z.array(z.string()).optional(),
  names: z.record(z.string().regex(/^[a-z]+$/, 'use small letters'), z.array(z.number())).optional(),
  section: z.strictObject({ inner: z.number() }).optional(),
  either: z.union([z.enum(['off', 'on']), z.number().int().min(0).max(9)]).default(0),
  mixed: z.union([z.literal('none'), z.strictObject({ verified: z.strictObject({ ca: z.string() }) })]).optional(),
  kind: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('embedded') }),
      z.strictObject({ kind: z.literal('bullmq'), redis: z.string() }),
    ])
    .optional(),
  size: z.union([z.number(), z.string()]).meta({ title: 'size' }).optional(),
  time: z.string().meta({ title: 'time' }).optional(),
  checked: z
    .string()
    .refine((text) => text !== 'x', 'write something else than x')
    .optional(),
})

const inWords = ({ row, column, code, message }: Diagnostic) => `${row}:${column} ${code} ${message}`

function complaints(text: string): string[] {
  const { source, diagnostics } = parseYaml('a.yaml', text)
  const found = source ? validate(source, schema).diagnostics : []
  return [...diagnostics, ...found].map(inWords)
}

describe('a wrong value', () => {
  it.each([
    ['port: 70000', '1:7 invalid-value `port` is `70000`; write a whole number from 0 to 65535'],
    ['port: -1', '1:7 invalid-value `port` is `-1`; write a whole number from 0 to 65535'],
    ['port: 2.5', '1:7 invalid-value `port` is `2.5`; write a whole number from 0 to 65535'],
    [
      "port: '25'",
      '1:7 invalid-value `port` is a text of 2 characters; write a whole number from 0 to 65535, without quotes',
    ],
    ['port:', '1:6 invalid-value `port` is empty; write a whole number from 0 to 65535'],
    ['least: 0', '1:8 invalid-value `least` is `0`; write a whole number of 1 or more'],
    ['most: 10', '1:7 invalid-value `most` is `10`; write a number of 9 or less'],
    ['open: 1', '1:7 invalid-value `open` is `1`; write a number above 0 and below 1'],
    ['even: 3', '1:7 invalid-value `even` is `3`; write a number divisible by 2'],
    ['on: yes', '1:5 invalid-value `on` is a text of 3 characters; write `true` or `false`'],
    ["name: ''", '1:7 invalid-value `name` is empty; write a text of 1 to 4 characters'],
    ['name: abcde', '1:7 invalid-value `name` is a text of 5 characters; write a text of 1 to 4 characters'],
    ['name: 12', '1:7 invalid-value `name` is `12`; write a text of 1 to 4 characters, in quotes'],
    ['long: abcd', '1:7 invalid-value `long` is a text of 4 characters; write a text of at most 3 characters'],
    ['id: A', '1:5 invalid-value `id`: use small letters'],
    ['link: nowhere', '1:7 invalid-value `link` is a text of 7 characters; write a URL such as `https://example.com/`'],
    ['level: hihg', '1:8 invalid-value `level` must be one of `low`, `high`; did you mean `high`?'],
    ['yes: false', '1:6 invalid-value `yes` must be `true`'],
    [
      'list: []',
      '1:7 invalid-value `list` is an empty list; write a list of 1 to 2 entries (`[one, two]`, or lines that begin with `- `)',
    ],
    [
      'list: [a, b, c]',
      '1:7 invalid-value `list` is a list of 3 entries; write a list of 1 to 2 entries (`[one, two]`, or lines that begin with `- `)',
    ],
    [
      'some: a',
      '1:7 invalid-value `some` is a text of 1 character; write a list (`[one, two]`, or lines that begin with `- `)',
    ],
    ['some: [1]', '1:8 invalid-value `some.0` is `1`; write a text, in quotes'],
    ['names: [a]', '1:8 invalid-value `names` is a list of 1 entry; write a section of `name: value` lines'],
    ['names: { A: [1] }', '1:10 invalid-value the name `names.A`: use small letters'],
    ['names: { a: [x] }', '1:14 invalid-value `names.a.0` is a text of 1 character; write a number'],
    ['section: 5', '1:10 invalid-value `section` is `5`; write a section with the key `inner`'],
    ['section: {}', '1:10 missing-key `section.inner` is missing; write a number'],
    ['either: 12', '1:9 invalid-value `either` is `12`; write `off` or `on` or a whole number from 0 to 9'],
    [
      'either: of',
      '1:9 invalid-value `either` is a text of 2 characters; write `off` or `on` or a whole number from 0 to 9; did you mean `off`?',
    ],
    ['mixed: { verified: { cb: x } }', '1:22 unknown-key `cb` is not a key of `mixed.verified`; did you mean `ca`?'],
    [
      'kind: { kind: bull }',
      '1:15 invalid-value `kind.kind` is a text of 4 characters; write `embedded` or `bullmq`; did you mean `bullmq`?',
    ],
    ['kind: {}', '1:7 missing-key `kind.kind` is missing; write `embedded` or `bullmq`'],
    [
      'kind: { kind: embedded, redis: x }',
      '1:25 unknown-key `redis` is not a key of `kind`; remove it, or write one of `kind`',
    ],
    ['size: true', '1:7 invalid-value `size` is `true`; write a size such as `64KB` or `50MB`'],
    ['time: 5', '1:7 invalid-value `time` is `5`; write a time such as `30s`, `5m`, `12h` or `30d`'],
    ['checked: x', '1:10 invalid-value `checked`: write something else than x'],
    ['prot: 1', '1:1 unknown-key `prot` is not a key of the document; did you mean `port`?'],
  ])('%s', (text, expected) => {
    expect(complaints(text).filter((line) => !line.includes('`mixed.verified.ca` is missing'))).toEqual([expected])
  })

  it('is never repeated when it is a text: a configuration may hold passwords', () => {
    for (const key of Object.keys(schema.shape))
      expect(complaints(`${key}: { hunter2: 'hunter3' }`).join('\n'), key).not.toContain('hunter3')
  })
})

describe('broken YAML', () => {
  it.each([
    [
      'some: [*.example.com]',
      "1:8 yaml-aliases `*.example.com` refers to `&.example.com`, which stands nowhere above; put a text that begins with `*` in quotes: `'*.example.com'`",
    ],
    ['section:\n\tinner: 1', '2:1 yaml-syntax Tabs are not allowed as indentation; use spaces'],
    [
      'name: a: b',
      '1:7 yaml-syntax Nested mappings are not allowed in compact mappings; write each key on a line of its own, and put a text that holds `: ` in quotes',
    ],
    ['name: a\nname: b', '2:1 duplicate-key this key stands here twice; remove one of the two'],
    [
      'some: [a',
      '1:9 yaml-syntax Flow sequence in block collection must be sufficiently indented and end with a ]; let all keys of one section begin in the same column, further right than the section’s own',
    ],
    ['name: "a', '1:9 yaml-syntax Missing closing "quote; close what was opened: every quote, bracket and brace'],
    ['name: a\n---\nname: b', '2:1 yaml-syntax a file holds one document; remove the `---` before the second'],
    [
      'name: "\\d"',
      '1:8 yaml-syntax Invalid escape sequence \\d; in double quotes a backslash begins an escape; use single quotes, where it is itself',
    ],
    [
      'name: @a',
      '1:7 yaml-syntax Plain value cannot start with reserved character @; put a text that begins with this character in quotes',
    ],
  ])('%j', (text, expected) => {
    expect(complaints(text)[0]).toBe(expected)
  })

  it('takes an alias whose anchor stands above', () => {
    expect(complaints('some: &s [a]\nlist: *s')).toEqual([])
  })
})
