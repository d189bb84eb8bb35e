/** Pixels, row by row without padding: one byte each in grey, three in colour. 0 is black. */
export interface Raster {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly data: Uint8Array
}

/** A file that Leptonica reads without decoding anything: PGM or PPM (netpbm, formats P5 and P6). */
export function toPnm({ width, height, channels, data }: Raster): Uint8Array {
  const head = Buffer.from(`P${channels === 1 ? 5 : 6}\n${width} ${height}\n255\n`, 'latin1')
  return Buffer.concat([head, data])
}

/** Every `step`th-sized block of pixels becomes their mean. */
export function shrink(raster: Raster, step: number): Raster {
  if (step <= 1) return raster
  const { channels, data } = raster
  const width = Math.max(1, Math.floor(raster.width / step))
  const height = Math.max(1, Math.floor(raster.height / step))
  const out = new Uint8Array(width * height * channels)
  const across = Math.min(step, raster.width)
  const down = Math.min(step, raster.height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0
        for (let dy = 0; dy < down; dy++) {
          let at = ((y * step + dy) * raster.width + x * step) * channels + c
          for (let dx = 0; dx < across; dx++, at += channels) sum += data[at] ?? 0
        }
        out[(y * width + x) * channels + c] = sum / (across * down)
      }
    }
  }
  return { width, height, channels, data: out }
}

/** Turned clockwise by a quarter. */
export function turnQuarter({ width, height, channels, data }: Raster): Raster {
  const out = new Uint8Array(data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels
      const to = (x * height + height - 1 - y) * channels
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c] ?? 0
    }
  }
  return { width: height, height: width, channels, data: out }
}

/** Turned upside down. */
export function turnHalf({ width, height, channels, data }: Raster): Raster {
  const out = new Uint8Array(data.length)
  const last = width * height - 1
  for (let i = 0; i <= last; i++)
    for (let c = 0; c < channels; c++) out[(last - i) * channels + c] = data[i * channels + c] ?? 0
  return { width, height, channels, data: out }
}

/** Scaled by `factor` and turned by `angle` (radians, clockwise as seen), interpolated between four neighbours. */
export function resample(raster: Raster, factor: number, angle: number): Raster {
  if (factor === 1 && angle === 0) return raster
  const { channels, data } = raster
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  const width = Math.max(1, Math.ceil((raster.width * Math.abs(cos) + raster.height * Math.abs(sin)) * factor))
  const height = Math.max(1, Math.ceil((raster.width * Math.abs(sin) + raster.height * Math.abs(cos)) * factor))
  const out = new Uint8Array(width * height * channels)
  const edgeX = raster.width - 1
  const edgeY = raster.height - 1
  for (let y = 0; y < height; y++) {
    const v = (y + 0.5 - height / 2) / factor
    for (let x = 0; x < width; x++) {
      const u = (x + 0.5 - width / 2) / factor
      // Outside of the picture its edge goes on, which makes no false border.
      const px = Math.min(edgeX, Math.max(0, cos * u + sin * v + raster.width / 2 - 0.5))
      const py = Math.min(edgeY, Math.max(0, -sin * u + cos * v + raster.height / 2 - 0.5))
      const x0 = px | 0
      const y0 = py | 0
      const fx = px - x0
      const fy = py - y0
      const right = x0 < edgeX ? channels : 0
      const below = y0 < edgeY ? raster.width * channels : 0
      const at = (y0 * raster.width + x0) * channels
      for (let c = 0; c < channels; c++) {
        const top = (data[at + c] ?? 0) * (1 - fx) + (data[at + c + right] ?? 0) * fx
        const bottom = (data[at + c + below] ?? 0) * (1 - fx) + (data[at + c + below + right] ?? 0) * fx
        out[(y * width + x) * channels + c] = top * (1 - fy) + bottom * fy + 0.5
      }
    }
  }
  return { width, height, channels, data: out }
}

/**
 * One plane that keeps the most contrast: colours are projected on the axis along which they differ most (the first
 * principal component), so that letters as bright as their ground stay visible.
 */
export function contrastPlane(raster: Raster): Raster {
  if (raster.channels === 1) return raster
  const { width, height, data } = raster
  const [r, g, b] = principalAxis(data)
  const scale = 1 / (Math.abs(r) + Math.abs(g) + Math.abs(b))
  const shift = 255 * (Math.min(0, r) + Math.min(0, g) + Math.min(0, b))
  const out = new Uint8Array(width * height)
  for (let i = 0, at = 0; i < out.length; i++, at += 3)
    out[i] = ((data[at] ?? 0) * r + (data[at + 1] ?? 0) * g + (data[at + 2] ?? 0) * b - shift) * scale
  return { width, height, channels: 1, data: out }
}

type Axis = readonly [number, number, number]

function principalAxis(data: Uint8Array): Axis {
  const pixels = data.length / 3
  const step = Math.max(1, Math.floor(pixels / 50_000))
  const sum = [0, 0, 0]
  const products = [0, 0, 0, 0, 0, 0]
  let count = 0
  for (let i = 0; i < pixels; i += step, count++) {
    const r = data[i * 3] ?? 0
    const g = data[i * 3 + 1] ?? 0
    const b = data[i * 3 + 2] ?? 0
    const values = [r, g, b, r * r, r * g, r * b, g * g, g * b, b * b]
    for (let k = 0; k < 3; k++) sum[k] = (sum[k] ?? 0) + (values[k] ?? 0)
    for (let k = 0; k < 6; k++) products[k] = (products[k] ?? 0) + (values[k + 3] ?? 0)
  }
  const [mr, mg, mb] = sum.map((s) => s / count) as unknown as Axis
  const [rr = 0, rg = 0, rb = 0, gg = 0, gb = 0, bb = 0] = products.map((p) => p / count)
  const matrix = [rr - mr * mr, rg - mr * mg, rb - mr * mb, gg - mg * mg, gb - mg * mb, bb - mb * mb]
  let axis: Axis = [0.3, 0.59, 0.11]
  const [a = 0, d = 0, e = 0, f = 0, h = 0, k = 0] = matrix
  for (let round = 0; round < 16; round++) {
    const [x, y, z] = axis
    const next = [a * x + d * y + e * z, d * x + f * y + h * z, e * x + h * y + k * z]
    const length = Math.hypot(...next)
    if (length < 1e-6) return axis
    axis = next.map((value) => value / length) as unknown as Axis
  }
  return axis
}

/** Sums of everything above and left, for means of windows in four look-ups. Up to 16 million pixels fit. */
export function integralOf({ width, height, data }: Raster): Uint32Array {
  const stride = width + 1
  const sums = new Uint32Array(stride * (height + 1))
  for (let y = 0; y < height; y++) {
    let row = 0
    for (let x = 0; x < width; x++) {
      row += data[y * width + x] ?? 0
      sums[(y + 1) * stride + x + 1] = (sums[y * stride + x + 1] ?? 0) + row
    }
  }
  return sums
}

/** Mean of the window of `radius` around a pixel, cut off at the edges of the plane. */
export function windowMean(
  sums: Uint32Array,
  width: number,
  height: number,
  x: number,
  y: number,
  radius: number,
): number {
  const left = x > radius ? x - radius : 0
  const top = y > radius ? y - radius : 0
  const right = x + radius < width ? x + radius + 1 : width
  const bottom = y + radius < height ? y + radius + 1 : height
  const stride = width + 1
  const sum =
    (sums[bottom * stride + right] ?? 0) -
    (sums[top * stride + right] ?? 0) -
    (sums[bottom * stride + left] ?? 0) +
    (sums[top * stride + left] ?? 0)
  return sum / ((right - left) * (bottom - top))
}

/** The plane with its ground made even: what is left is how much each pixel differs from what surrounds it. */
export function flattened(plane: Raster, radius: number): Raster {
  const { width, height, data } = plane
  const sums = integralOf(plane)
  const difference = new Int16Array(data.length)
  let square = 0
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const value = (data[at] ?? 0) - windowMean(sums, width, height, x, y, radius)
      difference[at] = value
      square += value * value
    }
  }
  const gain = 40 / Math.max(1, Math.sqrt(square / data.length))
  const out = new Uint8ClampedArray(data.length)
  for (let at = 0; at < out.length; at++) out[at] = 140 + (difference[at] ?? 0) * gain
  return { width, height, channels: 1, data: new Uint8Array(out.buffer) }
}
