/**
 * A visitor's terminal: what it can do, as telnet tells, and the way text gets onto it.
 * @module
 */
import type { MudMessage, MudWrite } from '@unisock/plugin-net'
import { type Paint, plain } from '../play/text.ts'
import { GmcpModules } from './gmcp.ts'
import { coloured, wrap } from './text.ts'

const DEFAULT_WIDTH = 80
const MIN_WIDTH = 20
/** Bits of MTTS. */
const MTTS_ANSI = 1
const MTTS_SCREEN_READER = 64
const COLOURLESS = new Set(['', 'DUMB', 'UNKNOWN', 'NETWORK', 'PRINTER'])

export class Terminal {
  readonly #write: (message: MudWrite) => void
  readonly #modules = new GmcpModules()
  #width = DEFAULT_WIDTH
  #hasGmcp = false
  /** The cursor stands behind a prompt. */
  #prompted = false
  #hidden = false
  #prompt = ''
  /** Colours, where the terminal has them. */
  paint: Paint = plain

  constructor(write: (message: MudWrite) => void) {
    this.#write = write
  }

  /** Takes in what the terminal tells of itself. The result is the line that was typed, where it is one. */
  receive(message: MudMessage): string | undefined {
    switch (message.type) {
      case 'text':
        this.#prompted = this.#hidden
        return message.text
      case 'naws':
        this.#width = message.width === 0 ? DEFAULT_WIDTH : Math.max(message.width, MIN_WIDTH)
        return undefined
      case 'ttype':
        this.paint = hasColours(message.names, message.mtts) ? coloured : plain
        return undefined
      case 'option':
        if (message.option === 'gmcp') this.#hasGmcp = message.enabled
        return undefined
      case 'gmcp':
        if (message.package.toLowerCase() === 'core.ping') this.gmcp('Core.Ping')
        else this.#modules.receive(message.package, message.data)
    }
    return undefined
  }

  /** What stands behind everything that is printed from now on. */
  setPrompt(prompt: string): void {
    this.#prompt = prompt
  }

  /** Prints a paragraph, or nothing, and the prompt. */
  print(text: string): void {
    const lead = this.#prompted ? '\n' : ''
    const lines = text === '' ? '' : `${wrap(text, this.#width)}\n`
    this.#write({ prompt: lead + lines + this.#prompt })
    this.#prompted = true
  }

  /** Prints what no prompt follows. */
  bye(text: string): void {
    this.#prompt = ''
    this.print(text)
    this.gmcp('Core.Goodbye', text)
  }

  /** Whether what is typed is seen. The end of a line that is not seen is not seen either. */
  echo(on: boolean): void {
    this.#hidden = !on
    this.#write({ echo: on })
  }

  /** Sends a GMCP package, if the client has GMCP and wants it. */
  readonly gmcp = (name: string, data?: unknown): void => {
    if (this.#hasGmcp && this.#modules.has(name)) this.#write({ gmcp: name, data })
  }
}

function hasColours(names: readonly string[], mtts: number): boolean {
  if (mtts > 0) return (mtts & MTTS_ANSI) > 0 && (mtts & MTTS_SCREEN_READER) === 0
  return names.some(name => !COLOURLESS.has(name.toUpperCase()))
}
