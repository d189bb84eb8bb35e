/** A next hop that reads, acknowledges and counts: prints its port, then how many arrived since the last line. */
import { createServer } from 'node:net'

const REPORT_MS = 5
const END = Buffer.from('\r\n.\r\n')
let fresh = 0

const server = createServer({ noDelay: true }, (socket) => {
  let inData = false
  let tail: Buffer = Buffer.alloc(0)
  socket.write('220 sink.example ESMTP\r\n')
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    let bytes = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk
    for (;;) {
      if (inData) {
        const end = bytes.indexOf(END)
        if (end < 0) {
          tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - END.length + 1)))
          return
        }
        inData = false
        fresh++
        socket.write('250 2.0.0 Ok\r\n')
        bytes = bytes.subarray(end + END.length)
      }
      const line = bytes.indexOf('\r\n')
      if (line < 0) {
        tail = Buffer.from(bytes)
        return
      }
      const command = bytes.subarray(0, Math.min(line, 10)).toString('latin1').toUpperCase()
      bytes = bytes.subarray(line + 2)
      if (command.startsWith('EHLO'))
        socket.write('250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n')
      else if (command.startsWith('DATA')) {
        inData = true
        socket.write('354 go on\r\n')
      } else if (command.startsWith('QUIT')) socket.end('221 bye\r\n')
      else socket.write('250 2.0.0 Ok\r\n')
    }
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`port ${typeof address === 'object' && address ? address.port : 0}\n`)
})
setInterval(() => {
  if (fresh > 0) process.stdout.write(`${fresh}\n`)
  fresh = 0
}, REPORT_MS)
process.on('SIGTERM', () => process.exit(0))
