import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { SpreadsheetStory } from '../office/spreadsheet-2003.ts'
import { StoryText } from '../office/story-text.ts'
import { attribute } from '../readers/xml-attributes.ts'
import { walkXml, type XmlHandler } from '../readers/xml-walker.ts'

/**
 * Documents of Office 2003 in one XML file: `w:wordDocument` as a story, `Workbook` as rows of cells. Pictures and
 * objects in them are children.
 */
export const wordXml: Format = {
  id: 'word-xml',
  types: ['application/vnd.ms-word-flat-xml'],
  extract: (input, context) => extractWord(input, context),
}

export const excelXml: Format = {
  id: 'excel-xml',
  types: ['application/vnd.ms-excel-flat-xml'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const story = new SpreadsheetStory(context)
    try {
      walkXml(input.bytes, story, context)
    } finally {
      story.finish()
    }
  },
}

interface Binary {
  readonly name: string
  base64: string
}

async function extractWord(input: FormatInput, context: ExtractContext): Promise<void> {
  const story = new StoryText({})
  const binaries: Binary[] = []
  let open: Binary | null = null
  const handler: XmlHandler = {
    open(name, attributes) {
      if (name === 'binData' || name === 'docOleData' || name === 'docSuppData')
        open = { name: attribute(attributes, 'name') ?? name, base64: '' }
      else story.open(name, attributes)
    },
    text(data) {
      if (open) open.base64 += data
      else story.text(data)
    },
    close(name) {
      if (open && (name === 'binData' || name === 'docOleData' || name === 'docSuppData')) {
        binaries.push(open)
        open = null
      } else story.close(name)
    },
    aside: (text) => story.aside(text),
  }
  try {
    walkXml(input.bytes, handler, context)
  } finally {
    context.text(story.toString())
    if (story.hasHidden) context.trait('hidden-content')
  }
  for (const { name, base64 } of binaries)
    await context.child({ bytes: Buffer.from(base64, 'base64'), filename: name.slice(name.lastIndexOf('/') + 1) })
}
