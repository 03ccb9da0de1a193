/** Players of a realm: by plain TCP, and by the mode that the realm itself is served with. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createKernel, type Kernel } from '@unisock/kernel'
import { MUD, type MudMessage, type MudWrite, net, SO_TELNET, type TelnetOption } from '@unisock/plugin-net'
import { Transcript } from '../../../../test/support/transcript.ts'
import type { Realm } from '../../src/realm.ts'

/** Telnet commands and options. */
export const IAC = 255
export const WILL = 251
export const WONT = 252
export const DO = 253
export const SB = 250
export const SE = 240
export const GA = 249
export const ECHO = 1
export const TTYPE = 24

/** Bytes, as a transcript has them. */
export const codes = (...bytes: number[]): string => String.fromCharCode(...bytes)

export interface RawPlayer extends AsyncDisposable {
  readonly socket: Socket
  /** In Latin-1: a character a byte. */
  readonly seen: Transcript
  send(data: string | Uint8Array): void
}

/** Negotiates nothing. */
export async function rawPlayer({ telnet }: Realm): Promise<RawPlayer> {
  const socket = connect(telnet.port, telnet.address).setEncoding('latin1')
  await once(socket, 'connect')
  const seen = new Transcript()
  socket.on('data', seen.feed).on('close', seen.end).on('error', seen.end)
  return {
    socket,
    seen,
    send: data => void socket.write(data),
    async [Symbol.asyncDispose]() {
      if (socket.closed) return
      const closed = once(socket, 'close')
      socket.destroy()
      await closed
    },
  }
}

/** A raw player who has entered. */
export async function enter(realm: Realm, name: string): Promise<RawPlayer> {
  const player = await rawPlayer(realm)
  await player.seen.until('Your name: ')
  player.send(`${name}\r\n`)
  await player.seen.until('> ')
  return player
}

export interface MudPlayer {
  readonly seen: Transcript
  readonly messages: readonly MudMessage[]
  /** The next message that fits, or the first that already came. */
  message(fits: (message: MudMessage) => boolean): Promise<MudMessage>
  write(message: MudWrite): void
}

export async function playerKernel(): Promise<Kernel> {
  return createKernel({ plugins: [net({ worker: 'players' })] })
}

/** Connects with the settings of a MUD client. */
export async function mudPlayer(
  kernel: Kernel,
  { telnet }: Realm,
  settings: TelnetOption,
): Promise<MudPlayer> {
  const seen = new Transcript()
  const messages: MudMessage[] = []
  let arrived = (): void => {}
  const fd = kernel.create(MUD, {
    message(_fd, message) {
      messages.push(message)
      if (message.type === 'text') seen.feed(message.text)
      arrived()
    },
    close: seen.end,
  })
  void kernel.setOption(fd, SO_TELNET, settings)
  await kernel.connect(fd, { host: telnet.address, port: telnet.port })
  return {
    seen,
    messages,
    write: message => void kernel.write(fd, message),
    async message(fits) {
      for (;;) {
        const found = messages.find(fits)
        if (found) return found
        await new Promise<void>(resolve => {
          arrived = resolve
        })
      }
    },
  }
}
