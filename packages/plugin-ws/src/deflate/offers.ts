/**
 * Choosing among a client's offers of permessage-deflate (RFC 7692 section 5.1).
 * @module
 */
import { parseExtensions } from '../connection/ws-library.ts'
import { type CompressionSettings, zlibOptions } from './settings.ts'

/** zlib cannot deflate with a window of 256 bytes. */
const MIN_DEFLATE_BITS = 9
const MAX_BITS = 15

/** What was chosen: the one offer as a header, and what the library is to make of it. */
export interface Choice {
  header: string
  options: {
    serverNoContextTakeover: boolean
    clientNoContextTakeover: boolean
    serverMaxWindowBits: number
    clientMaxWindowBits?: number
  }
}

type Params = Record<string, (string | true)[]>

/**
 * The first offer that can be served; undefined: none, the connection goes without (section 5.1: the server declines).
 *
 * @throws {SyntaxError} for a header that is none.
 */
export function chooseOffer(header: string, settings: CompressionSettings): Choice | undefined {
  for (const params of parseExtensions(header)['permessage-deflate'] ?? []) {
    const choice = accept(params, settings)
    if (choice) return choice
  }
  return undefined
}

function accept(params: Params, { windowBits, contextTakeover }: CompressionSettings): Choice | undefined {
  let serverBits = windowBits
  let clientBits: number | undefined
  let serverTakeover = contextTakeover
  for (const [name, values] of Object.entries(params)) {
    const [value] = values
    if (values.length > 1) return undefined
    switch (name) {
      case 'server_no_context_takeover':
        if (value !== true) return undefined
        serverTakeover = false
        break
      case 'client_no_context_takeover':
        if (value !== true) return undefined
        break
      case 'server_max_window_bits': {
        const bits = bitsOf(value)
        if (bits === undefined || bits < MIN_DEFLATE_BITS) return undefined
        serverBits = Math.min(serverBits, bits)
        break
      }
      case 'client_max_window_bits': {
        const bits = value === true ? MAX_BITS : bitsOf(value)
        if (bits === undefined) return undefined
        if (bits >= MIN_DEFLATE_BITS) clientBits = Math.min(windowBits, bits)
        break
      }
      default:
        return undefined
    }
  }
  return {
    header: `permessage-deflate${clientBits === undefined ? '' : '; client_max_window_bits'}`,
    options: {
      serverNoContextTakeover: !serverTakeover,
      clientNoContextTakeover: !contextTakeover || 'client_no_context_takeover' in params,
      serverMaxWindowBits: serverBits,
      ...(clientBits !== undefined && { clientMaxWindowBits: clientBits }),
    },
  }
}

/** A decimal integer from 8 to 15 without leading zeros (section 7.1.2). */
function bitsOf(value: string | true | undefined): number | undefined {
  if (typeof value !== 'string' || !/^(?:[89]|1[0-5])$/.test(value)) return undefined
  return Number(value)
}

/** The choice with what zlib takes: the library's `perMessageDeflate`. */
export function deflateOptions({ options }: Choice, settings: CompressionSettings) {
  return { ...options, ...zlibOptions(settings) }
}
