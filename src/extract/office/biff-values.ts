import { BiffReader, type BiffRecord } from './biff-records.ts'

/**
 * Values in BIFF records that have a layout of their own: cells of Excel 2, and cells of other workbooks that a workbook
 * keeps copies of. Records cut short give what is there. Layouts: [MS-XLS] 2.4.70, and the OpenOffice.org documentation
 * of the Excel file format, sections 5 and 4.10.
 */

/** Length of row, column and the three bytes of attributes before a value of Excel 2. */
const OLD_CELL_BYTES = 7

/** The value of a cell of Excel 2 that isn't a text; null where the record is no such cell or its text follows. */
export function oldCellValue(type: number, data: Buffer): number | string | null {
  const value = data.subarray(OLD_CELL_BYTES)
  switch (type) {
    case 0x02:
      return value.length >= 2 ? value.readUInt16LE(0) : null
    case 0x03:
      return value.length >= 8 ? value.readDoubleLE(0) : null
    case 0x05:
      return value.length >= 2 && value[1] === 0 ? (value[0] === 1 ? 'TRUE' : 'FALSE') : null
    case 0x06:
      // No number but a mark: the text stands in the next record.
      return value.length >= 8 && value.readUInt16LE(6) !== 0xffff ? value.readDoubleLE(0) : null
    default:
      return null
  }
}

/** Values of a row of another workbook, as they were when it was last read. */
export function externalValues(record: BiffRecord, isUnicode: boolean, page: number): string[] {
  const reader = new BiffReader(record)
  const last = reader.u8()
  const first = reader.u8()
  reader.skip(2)
  const found: string[] = []
  for (let column = first; column <= last && !reader.done; column++) {
    const type = reader.u8()
    if (type === 2) {
      found.push(isUnicode ? reader.richString(reader.u16()) : reader.bytes(reader.u8(), page))
      continue
    }
    const value = Buffer.from(Array.from({ length: 8 }, () => reader.u8()))
    if (type === 1) found.push(String(value.readDoubleLE(0)))
  }
  return found
}
