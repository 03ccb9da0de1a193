/**
 * One telnet connection of a MUD, as its server or its client.
 * @module
 */
import { CharsetDialog } from './charset-dialog.ts'
import { type Charset, encodeText } from './charsets.ts'
import { checkWrite } from './check-write.ts'
import { COMMANDS, commandName } from './commands.ts'
import type { TelnetEvent, TelnetHandlers, TelnetWrite } from './events.ts'
import { encodeGmcp } from './gmcp.ts'
import { MccpInput, MccpOutput } from './mccp.ts'
import { encodeMsdp } from './msdp.ts'
import { encodeMssp } from './mssp.ts'
import { encodeNaws, type WindowSize } from './naws.ts'
import { OPTIONS, type OptionId, optionCode, optionId, type Role, type Side, usualSide } from './options.ts'
import { TelnetParser } from './parser.ts'
import { isPromptEnd, promptEnd } from './prompt.ts'
import { QMethod } from './q-method.ts'
import {
  currentStatus,
  isAccepted,
  isSupported,
  type ResolvedSettings,
  resolveSettings,
  type TelnetSettings,
} from './settings.ts'
import { subnegotiationEvent } from './subnegotiation-event.ts'
import { TextInput } from './text-input.ts'
import { TerminalTypeAnswer, TerminalTypeQuery, TTYPE_SEND } from './ttype.ts'
import { command, escapeIac, lineEnds, negotiation, subnegotiation } from './writer.ts'

const EMPTY = new Uint8Array(0)

export class TelnetSession implements Disposable {
  readonly role: Role
  readonly #settings: ResolvedSettings
  readonly #handlers: TelnetHandlers
  readonly #parser: TelnetParser
  readonly #options: QMethod
  readonly #input: MccpInput
  readonly #output: MccpOutput
  readonly #text: TextInput
  readonly #charsets: CharsetDialog
  #terminalQuery = new TerminalTypeQuery()
  readonly #terminalAnswer: TerminalTypeAnswer
  #window: WindowSize | undefined
  #isDestroyed = false

  constructor(role: Role, settings: TelnetSettings, handlers: TelnetHandlers) {
    this.role = role
    this.#settings = resolveSettings(role, settings)
    this.#handlers = handlers
    const { compression, maxLine, maxSubnegotiation, charset, charsets, window, terminal, mtts } =
      this.#settings
    this.#parser = new TelnetParser(maxSubnegotiation, {
      data: bytes => this.#text.write(bytes),
      command: code => this.#command(code),
      negotiation: (verb, option) => this.#options.receive(verb, option),
      subnegotiation: (option, payload) => this.#subnegotiation(option, payload),
    })
    this.#options = new QMethod({
      send: (verb, option) => this.#send(negotiation(verb, option)),
      accepts: (option, side) => isAccepted(optionId(option), side, role, this.#settings),
      changed: (option, side, enabled) => this.#optionChanged(optionId(option), side, enabled),
    })
    this.#input = new MccpInput(compression, chunk => this.#parse(chunk), {
      error: error => handlers.error(error),
      drain: () => handlers.receiveDrain?.(),
    })
    this.#output = new MccpOutput(compression, bytes => handlers.output(bytes), {
      error: error => handlers.error(error),
      drain: () => handlers.writeDrain?.(),
    })
    this.#text = new TextInput(role, charset, maxLine, text => {
      if (!this.#isDestroyed) handlers.event({ type: 'text', text })
    })
    this.#charsets = new CharsetDialog(role, charsets, {
      send: payload => this.#sendFor('charset', () => payload),
      use: charset => this.#useCharset(charset),
    })
    this.#terminalAnswer = new TerminalTypeAnswer(terminal, mtts)
    this.#window = window
  }

  /** What text is in. */
  get charset(): Charset {
    return this.#text.charset
  }

  /** Compression is behind: better to write on only after `writeDrain`. */
  get needDrain(): boolean {
    return this.#output.needDrain
  }

  /** Whether an option is on, by default on the side where it usually is. */
  isEnabled(option: OptionId, side: Side = usualSide(option, this.role)): boolean {
    return this.#options.isEnabled(optionCode(option), side)
  }

  /** Begins to negotiate. */
  start(): void {
    for (const id of this.#settings.offer)
      if (isSupported(id, this.role, this.#settings))
        this.#options.request(optionCode(id), usualSide(id, this.role), true)
  }

  /** Takes in what came. False: better to read on only after `receiveDrain`. The bytes may be kept until then. */
  receive(chunk: Uint8Array): boolean {
    if (this.#isDestroyed) return true
    return this.#input.receive(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  }

  /** Compressed input waits until `resume`; plain input is given out when it is received. */
  pause(): void {
    this.#input.pause()
  }

  resume(): void {
    this.#input.resume()
  }

  /**
   * Sends something. False: it was not sent, since the peer has not agreed to that option or it is not this role's.
   *
   * @throws {TypeError} for what is no message, or cannot be put in its form.
   * @throws {RangeError} for an option or a command that there is none of.
   */
  write(message: TelnetWrite): boolean {
    if (this.#isDestroyed) return false
    if (typeof message === 'string') return this.#sendText(message)
    checkWrite(message)
    if ('text' in message) return this.#sendText(message.text)
    if ('prompt' in message) return this.#sendPrompt(message.prompt)
    if ('raw' in message) return this.#send(escapeIac(message.raw))
    if ('gmcp' in message) return this.#sendFor('gmcp', () => encodeGmcp(message.gmcp, message.data))
    if ('msdp' in message) return this.#sendFor('msdp', () => encodeMsdp(message.msdp))
    if ('mssp' in message)
      return this.role === 'server' && this.#sendFor('mssp', () => encodeMssp(message.mssp))
    if ('naws' in message) return this.#sendWindow(message.naws)
    if ('echo' in message) {
      if (this.role !== 'server') return false
      return this.#request('echo', 'local', !message.echo)
    }
    if ('option' in message)
      return this.#request(
        message.option,
        message.side ?? usualSide(message.option, this.role),
        message.enable,
      )
    if ('subnegotiation' in message) return this.#sendFor(message.subnegotiation, () => message.data)
    return this.#send(command(COMMANDS[message.command]))
  }

  /** The peer sends no more. Resolves when all it sent was given out, an unfinished line included. */
  async end(): Promise<void> {
    await this.#input.end()
    this.#text.end()
  }

  /** Ends compression, so that the connection can be closed. Resolves when all that was written is sent. */
  finish(): Promise<void> {
    return this.#output.stop()
  }

  /** Frees the memory; no handler is called any more. */
  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#input.destroy()
    this.#output.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  #parse(chunk: Buffer): number {
    const taken = this.#parser.push(chunk)
    this.#text.flush()
    return taken
  }

  /** Text that came before the event is told before it. */
  #emit(event: TelnetEvent): void {
    this.#text.flush()
    if (!this.#isDestroyed) this.#handlers.event(event)
  }

  #command(code: number): void {
    if (this.role === 'client' && isPromptEnd(code)) {
      this.#emit({ type: 'prompt', text: this.#text.takePrompt() })
      return
    }
    this.#text.edit(code)
    const name = commandName(code)
    if (!name) return
    this.#emit({ type: 'command', command: name })
    if (name === 'ayt') this.#sendText(this.#settings.aytReply)
  }

  #optionChanged(option: OptionId, side: Side, enabled: boolean): void {
    this.#emit({ type: 'option', option, side, enabled })
    if (!enabled) {
      if (this.#isOutputCompression(option, side)) this.#output.stop()
      return
    }
    if (option === 'ttype' && side === 'remote') this.#askTerminal()
    else if (option === 'naws' && side === 'local' && this.#window) this.#sendWindow(this.#window)
    else if (option === 'charset' && side === 'local') this.#charsets.ask()
    else if (option === 'mssp' && side === 'local')
      this.#sendFor('mssp', () => encodeMssp(currentStatus(this.#settings)))
    else if (this.#isOutputCompression(option, side))
      this.#output.start(subnegotiation(optionCode(option), EMPTY))
  }

  /** MCCP2 is ours as a server, MCCP3 as a client whose server has it. */
  #isOutputCompression(option: OptionId, side: Side): boolean {
    return this.role === 'server'
      ? option === 'mccp2' && side === 'local'
      : option === 'mccp3' && side === 'remote'
  }

  /** True where the rest of the chunk is compressed. */
  #subnegotiation(code: number, payload: Buffer): boolean {
    const { ttype, charset, mccp2, mccp3 } = OPTIONS
    const isLocal = this.#options.isEnabled(code, 'local')
    const isRemote = this.#options.isEnabled(code, 'remote')
    if (!isLocal && !isRemote) return false
    switch (code) {
      case ttype.code:
        this.#terminalType(payload, isRemote)
        return false
      case charset.code:
        this.#charsets.receive(payload)
        return false
      case mccp2.code:
        return this.role === 'client' && this.#input.start()
      case mccp3.code:
        return this.role === 'server' && this.#input.start()
      default: {
        const event = subnegotiationEvent(code, payload, isRemote)
        if (event) this.#emit(event)
        return false
      }
    }
  }

  #askTerminal(): void {
    this.#terminalQuery = new TerminalTypeQuery()
    this.#sendFor('ttype', () => TTYPE_SEND)
  }

  #terminalType(payload: Buffer, isRemote: boolean): void {
    if (!isRemote) {
      const answer = this.#terminalAnswer.receive(payload)
      if (answer) this.#sendFor('ttype', () => answer)
      return
    }
    const told = this.#terminalQuery.receive(payload)
    if (told === 'more') this.#sendFor('ttype', () => TTYPE_SEND)
    else if (told) this.#emit({ type: 'ttype', ...told })
  }

  #useCharset(charset: Charset): void {
    this.#text.use(charset)
    this.#emit({ type: 'charset', charset })
  }

  #request(option: OptionId, side: Side, enable: boolean): boolean {
    const code = optionCode(option)
    if (enable && !isSupported(option, this.role, this.#settings)) return false
    this.#options.request(code, side, enable)
    return true
  }

  #sendText(text: string): boolean {
    const bytes = encodeText(lineEnds(text), this.charset)
    // UTF-8 and ASCII have no byte 255.
    return this.#send(this.charset === 'latin1' ? escapeIac(bytes) : bytes)
  }

  #sendPrompt(text: string): boolean {
    this.#sendText(text)
    const end = promptEnd(this.isEnabled('eor', 'local'), this.isEnabled('sga', 'local'))
    return end === undefined || this.#send(command(end))
  }

  #sendWindow(window: WindowSize): boolean {
    this.#window = window
    return this.isEnabled('naws', 'local') && this.#sendFor('naws', () => encodeNaws(window))
  }

  /** A subnegotiation of an option that is on. */
  #sendFor(option: OptionId, payload: () => Uint8Array): boolean {
    if (!this.isEnabled(option, 'local') && !this.isEnabled(option, 'remote')) return false
    return this.#send(subnegotiation(optionCode(option), payload()))
  }

  #send(bytes: Uint8Array): true {
    if (bytes.length > 0 && !this.#isDestroyed) this.#output.write(bytes)
    return true
  }
}
