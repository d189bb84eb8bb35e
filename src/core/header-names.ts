/** Which header fields an organisation's own settings may write: none that says what a message is or where it came from. */

/** RFC 5322 section 2.2: printable ASCII without the colon; 76 leaves room for the colon and a blank in a line. */
export const HEADER_NAME = /^[!-9;-~]{1,76}$/

/** One line of text for a field's value. */
export const HEADER_VALUE = /^[^\x00-\x1f\x7f]{1,500}$/

const RESERVED =
  /^(from|sender|reply-to|to|cc|bcc|subject|date|message-id|received|return-path|mime-version|content-.*|dkim-signature|arc-.*|x-sluice-.*)$/i

/** Writing one of these would change what the message is, or make receivers disagree about it. */
export function isReservedHeader(name: string): boolean {
  return RESERVED.test(name)
}
