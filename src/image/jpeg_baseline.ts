/**
 * Decodes the most common JPEG files: baseline, grayscale or YCbCr, one scan (ITU T.81). The pixels equal those of
 * libjpeg's default settings bit for bit, in half of ImageMagick's time. All other files, and damaged ones, are left
 * to ImageMagick.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type ByteRaster, type DecodedRaster, describeSurplus } from "./image.ts";
import { type Plane, toRgb } from "./jpeg_color.ts";
import { BitReader, type HuffmanTable, huffmanTable, scanBits } from "./jpeg_huffman.ts";
import { inverseCosine } from "./jpeg_idct.ts";

const MARKER = { SOF0: 0xc0, DHT: 0xc4, SOI: 0xd8, SOS: 0xda, DQT: 0xdb, DRI: 0xdd };

/** A component of the frame and the tables that decode its blocks. */
interface Component {
  readonly id: number;
  /** Its blocks per MCU, across and down. */
  readonly h: number;
  readonly v: number;
  readonly quantization: number;
  /** Its samples, padded to whole MCUs. */
  readonly plane: Plane;
  /** Whether any coefficient is nonzero; if none is, all samples are 128. */
  used: boolean;
  dc: HuffmanTable;
  ac: HuffmanTable;
  predictor: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: Component[];
  /** MCUs across and down. */
  readonly across: number;
  readonly down: number;
}

/**
 * Decodes a JPEG file without applying its orientation; an image without color has one channel. Null for a file that
 * is damaged or not baseline. Bytes behind the last bits of the scan get a note.
 */
export function decodeBaselineJpeg(bytes: Uint8Array): DecodedRaster<ByteRaster> | null {
  const decoder = new Decoder(bytes);
  const raster = decoder.decode();
  if (raster === null) return null;
  const { surplus } = decoder;
  const message = describeSurplus(surplus);
  return { raster, notes: surplus === 0 ? [] : [{ kind: "oddity", message }] };
}

/** Whether a file is baseline by its headers, but the bits of its scan are damaged. */
export function isDamagedBaseline(bytes: Uint8Array): boolean {
  const decoder = new Decoder(bytes);
  return decoder.decode() === null && decoder.inScan;
}

class Decoder {
  /** Whether the bits of the scan were reached. */
  inScan = false;
  /** Bytes between the last bits of the scan and the end of the image. */
  surplus = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #quantization: (Uint16Array | undefined)[] = [];
  readonly #dc: (HuffmanTable | undefined)[] = [];
  readonly #ac: (HuffmanTable | undefined)[] = [];
  #frame: Frame | undefined;
  #restart = 0;
  #jfif = false;
  #adobe: number | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  decode(): ByteRaster | null {
    try {
      return this.#decode();
    } catch (error) {
      // Thrown by a DataView or typed array: the file points beyond its end.
      if (error instanceof RangeError) return null;
      throw error;
    }
  }

  #decode(): ByteRaster | null {
    const view = this.#view;
    if (view.getUint16(0) !== 0xff00 + MARKER.SOI) return null;
    for (let at = 2;;) {
      if (view.getUint8(at) !== 0xff) return null;
      const marker = view.getUint8(at + 1);
      const length = view.getUint16(at + 2);
      const segment = this.#bytes.subarray(at + 4, at + 2 + length);
      if (length < 2 || segment.length !== length - 2) return null;
      at += 2 + length;
      if (marker === MARKER.SOS) return this.#readScan(segment, at);
      if (!this.#readSegment(marker, segment)) return null;
    }
  }

  /** Whether the segment is valid and allowed in a baseline file. */
  #readSegment(marker: number, segment: Uint8Array): boolean {
    switch (marker) {
      case MARKER.DQT:
        return this.#readQuantization(segment);
      case MARKER.DHT:
        return this.#readHuffman(segment);
      case MARKER.DRI:
        this.#restart = segment.length === 2 ? segment[0]! << 8 | segment[1]! : 0;
        return segment.length === 2;
      case MARKER.SOF0:
        return this.#readFrame(segment);
      case 0xe0:
        if (!startsWith(segment, "JFIF\0") || segment.length < 14) return true;
        this.#jfif = true;
        return segment[5] === 1;
      case 0xee:
        if (startsWith(segment, "Adobe") && segment.length >= 12) this.#adobe = segment[11]!;
        return true;
      default:
        // Application segments and comments.
        return (marker >= 0xe1 && marker <= 0xef) || marker === 0xfe;
    }
  }

  #readQuantization(segment: Uint8Array): boolean {
    let at = 0;
    for (; at < segment.length; at += 65) {
      const kind = segment[at]!;
      if (kind > 3) return false; // 16-bit steps are not baseline
      this.#quantization[kind] = Uint16Array.from(segment.subarray(at + 1, at + 65));
    }
    return at === segment.length;
  }

  #readHuffman(segment: Uint8Array): boolean {
    let at = 0;
    while (at < segment.length) {
      const kind = segment[at]!;
      const counts = segment.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, count) => sum + count, 0);
      const symbols = segment.subarray(at + 17, at + 17 + total);
      at += 17 + total;
      const table = at <= segment.length && total <= 256 ? huffmanTable(counts, symbols) : null;
      if ((kind & 0xee) !== 0 || table === null) return false;
      // The symbol of a DC coefficient is only its size in bits.
      if (kind < 16 && symbols.some((symbol) => symbol > 15)) return false;
      (kind >= 16 ? this.#ac : this.#dc)[kind & 1] = table;
    }
    return true;
  }

  #readFrame(segment: Uint8Array): boolean {
    const count = segment[5];
    if (this.#frame !== undefined || segment[0] !== 8 || segment.length !== 6 + 3 * (count ?? 0)) {
      return false;
    }
    const height = segment[1]! << 8 | segment[2]!;
    const width = segment[3]! << 8 | segment[4]!;
    const factors = Array.from({ length: count! }, (_, i) => segment[7 + 3 * i]!);
    if (width === 0 || height === 0) return false;
    // Chroma may be subsampled. The blocks of a single component are never grouped.
    const plain = [0x11, 0x21, 0x22].includes(factors[0]!) &&
      (count === 1 || (count === 3 && factors[1] === 0x11 && factors[2] === 0x11));
    if (!plain) return false;
    const [h, v] = count === 1 ? [1, 1] : [factors[0]! >> 4, factors[0]! & 15];
    const across = Math.ceil(width / (8 * h));
    const down = Math.ceil(height / (8 * v));
    const components = factors.map((_, i): Component => {
      const [ownH, ownV] = i === 0 ? [h, v] : [1, 1];
      const stride = 8 * across * ownH;
      return {
        id: segment[6 + 3 * i]!,
        h: ownH,
        v: ownV,
        quantization: segment[8 + 3 * i]!,
        plane: {
          data: new Uint8Array(stride * 8 * down * ownV),
          stride,
          width: Math.ceil(width * ownH / h),
          height: Math.ceil(height * ownV / v),
        },
        used: false,
        dc: NO_TABLE,
        ac: NO_TABLE,
        predictor: 0,
      };
    });
    // libjpeg upsamples chroma planes of one or two columns differently.
    if (h === 2 && components[1]!.plane.width <= 2) return false;
    this.#frame = { width, height, components, across, down };
    return true;
  }

  #readScan(header: Uint8Array, at: number): ByteRaster | null {
    const frame = this.#frame;
    if (frame === undefined || !this.#isYcc(frame) || !this.#chooseTables(header, frame)) return null;
    this.inScan = true;
    const intervals = scanBits(this.#bytes, at);
    if (intervals === null || !this.#readMcus(frame, intervals)) return null;
    const { width, height, components: [light, blue, red] } = frame;
    if (light === undefined) return null;
    if (blue === undefined || red === undefined || !(blue.used || red.used)) {
      return { width, height, channels: 1, data: cropped(light.plane) };
    }
    for (const component of [light, blue, red]) if (!component.used) component.plane.data.fill(128);
    return { width, height, channels: 3, data: toRgb(light.plane, blue.plane, red.plane) };
  }

  /** Whether the components are grayscale or YCbCr, by libjpeg's rules. */
  #isYcc({ components }: Frame): boolean {
    if (components.length === 1 || this.#jfif) return true;
    if (this.#adobe !== undefined) return this.#adobe === 1;
    return components.every(({ id }, i) => id === i + 1);
  }

  /** Whether the scan holds the whole frame and every table it names exists. */
  #chooseTables(header: Uint8Array, { components }: Frame): boolean {
    const count = components.length;
    if (header.length !== 4 + 2 * count || header[0] !== count) return false;
    const [start, end, approximation] = header.subarray(1 + 2 * count);
    if (start !== 0 || end !== 63 || approximation !== 0) return false;
    return components.every((component, i) => {
      const tables = header[2 + 2 * i]!;
      const dc = this.#dc[tables >> 4];
      const ac = this.#ac[tables & 15];
      if (header[1 + 2 * i] !== component.id || dc === undefined || ac === undefined) return false;
      component.dc = dc;
      component.ac = ac;
      return this.#quantization[component.quantization] !== undefined;
    });
  }

  /** Decodes all MCUs; whether their bits are valid and complete. */
  #readMcus(frame: Frame, intervals: readonly Uint8Array[]): boolean {
    const { components, across, down } = frame;
    const mcus = across * down;
    const interval = this.#restart === 0 ? mcus : this.#restart; // in MCUs
    if (intervals.length !== Math.ceil(mcus / interval)) return false;
    const block = new Int32Array(64);
    for (let index = 0; index < intervals.length; index++) {
      const bits = intervals[index]!;
      const reader = new BitReader(bits);
      for (const component of components) component.predictor = 0;
      const end = Math.min(mcus, (index + 1) * interval);
      for (let mcu = index * interval; mcu < end; mcu++) {
        const x = mcu % across;
        const y = (mcu - x) / across;
        for (const component of components) {
          if (!this.#readBlocks(component, reader, block, x, y)) return false;
        }
        if (reader.at > 8 * bits.length) return false;
      }
      // Only the padding of the last byte may be left over, and, at the end, bytes that belong to nothing.
      const left = bits.length - Math.ceil(reader.at / 8);
      if (left > 0 && (index + 1 < intervals.length || this.#continues(frame, bits, reader.at))) return false;
      this.surplus = left;
    }
    return true;
  }

  /**
   * Whether what follows the last MCU may belong to the image, whose bits were misread then, or whose header states
   * too small a size: the byte is not padded with ones, or what follows it are further MCUs up to the last bit.
   */
  #continues({ components }: Frame, bits: Uint8Array, at: number): boolean {
    const padding = (1 << (8 * Math.ceil(at / 8) - at)) - 1;
    const last = bits[Math.ceil(at / 8) - 1] ?? 0xff;
    if ((last & padding) !== padding) return true;
    const reader = new BitReader(bits);
    reader.at = at;
    const block = new Int32Array(64);
    while (8 * bits.length - reader.at >= 8) {
      for (const { h, v, dc, ac, quantization } of components) {
        for (let i = 0; i < h * v; i++) {
          const first = reader.readBlock(block, dc, ac, this.#quantization[quantization]!, 0);
          if (Number.isNaN(first) || reader.at > 8 * bits.length) return false;
        }
      }
    }
    const end = (1 << (8 * bits.length - reader.at)) - 1;
    return (bits.at(-1)! & end) === end;
  }

  #readBlocks(component: Component, reader: BitReader, block: Int32Array, x: number, y: number): boolean {
    const { h, v, dc, ac, plane } = component;
    const quantization = this.#quantization[component.quantization]!;
    for (let row = 0; row < v; row++) {
      for (let column = 0; column < h; column++) {
        component.predictor = reader.readBlock(block, dc, ac, quantization, component.predictor);
        if (!(Math.abs(component.predictor) < 32768)) return false;
        if (!component.used) {
          if (component.predictor === 0 && reader.columns === 0) continue;
          component.used = true;
          component.plane.data.fill(128);
        }
        const at = 8 * ((y * v + row) * plane.stride + x * h + column);
        inverseCosine(block, reader.columns, plane.data, at, plane.stride);
      }
    }
    return true;
  }
}

const NO_TABLE = huffmanTable(new Uint8Array(16), new Uint8Array(0))!;

/** A plane without the padding of its MCUs. */
function cropped({ data, stride, width, height }: Plane): Uint8Array {
  if (stride === width) return data.subarray(0, width * height);
  const result = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) result.set(data.subarray(y * stride, y * stride + width), y * width);
  return result;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}
