/** Drawings that are the same for the same seed, and copies of them as people make them. */
import { type Canvas, createCanvas } from '@napi-rs/canvas'

const WIDTH = 800
const HEIGHT = 600

function blank(width: number, height: number): Canvas {
  const canvas = createCanvas(width, height)
  const context = canvas.getContext('2d')
  context.fillStyle = '#fff'
  context.fillRect(0, 0, width, height)
  return canvas
}

/** Rectangles and lines on white, with a title block that all drawings share. */
export function drawing(seed: number): Canvas {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const canvas = blank(WIDTH, HEIGHT)
  const context = canvas.getContext('2d')
  for (let i = 0; i < 50; i++) {
    context.lineWidth = 1 + next() * 2
    context.strokeRect(next() * WIDTH, next() * HEIGHT, next() * 220, next() * 160)
  }
  context.strokeRect(WIDTH - 300, HEIGHT - 120, 280, 100)
  return canvas
}

/** Nothing but a line near the top. */
export function nearlyBlank(): Canvas {
  const canvas = blank(WIDTH, HEIGHT)
  canvas.getContext('2d').fillRect(20, 20, 700, 2)
  return canvas
}

export function png(canvas: Canvas): Buffer {
  return canvas.toBuffer('image/png')
}

export function jpeg(canvas: Canvas, quality: number): Buffer {
  return canvas.toBuffer('image/jpeg', quality)
}

/** Drawn anew at another size. */
export function scaled(source: Canvas, width: number, height: number): Canvas {
  const canvas = blank(width, height)
  canvas.getContext('2d').drawImage(source, 0, 0, width, height)
  return canvas
}

/** Turned clockwise by so many quarters, mirrored before that where it is asked for. */
export function turned(source: Canvas, quarters: number, mirrored = false): Canvas {
  const [width, height] = quarters % 2 === 0 ? [source.width, source.height] : [source.height, source.width]
  const canvas = blank(width, height)
  const context = canvas.getContext('2d')
  context.translate(width / 2, height / 2)
  context.rotate((quarters * Math.PI) / 2)
  if (mirrored) context.scale(-1, 1)
  context.drawImage(source, -source.width / 2, -source.height / 2)
  return canvas
}

/** With the outline of a red stamp in a corner. */
export function stamped(source: Canvas): Canvas {
  const canvas = scaled(source, WIDTH, HEIGHT)
  const context = canvas.getContext('2d')
  context.strokeStyle = '#c00'
  context.lineWidth = 3
  context.strokeRect(600, 30, 140, 40)
  return canvas
}

/** Washed out. */
export function lighter(source: Canvas): Canvas {
  const canvas = scaled(source, WIDTH, HEIGHT)
  const context = canvas.getContext('2d')
  context.fillStyle = 'rgba(255, 255, 255, 0.3)'
  context.fillRect(0, 0, WIDTH, HEIGHT)
  return canvas
}
