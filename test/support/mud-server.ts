/** A MUD of few words for clients of other origin: what they negotiate is kept. */
import { createKernel, type Kernel } from '@unisock/kernel'
import { MUD, type MudMessage, net, SO_TELNET } from '@unisock/plugin-net'

/** Lines of the answer to `long`. */
export const LINES = 2000

export interface MudServer extends AsyncDisposable {
  readonly kernel: Kernel
  readonly port: number
  /** The next message that fits, or the first that already came. */
  message(fits: (message: MudMessage) => boolean): Promise<MudMessage>
}

/** Answers `long` with many lines, `plain` by ending compression; anything else it repeats. */
export async function mudServer(): Promise<MudServer> {
  const kernel = await createKernel({ plugins: [net()] })
  const messages: MudMessage[] = []
  let arrived = (): void => {}
  const server = kernel.create(MUD, {
    open: fd => void kernel.write(fd, { prompt: 'Say: ' }),
    message(fd, message) {
      messages.push(message)
      arrived()
      if (message.type !== 'text') return
      if (message.text === 'long') {
        const lines = Array.from({ length: LINES }, (_line, index) => `line ${index} of ${LINES}\n`)
        kernel.write(fd, { prompt: `${lines.join('')}all lines sent\n` })
      } else {
        if (message.text === 'plain') kernel.write(fd, { option: 'mccp2', enable: false })
        kernel.write(fd, { prompt: `You said ${message.text}, grüße, 日本.\n` })
      }
    },
  })
  void kernel.setOption(server, SO_TELNET, { mssp: { NAME: 'Test' } })
  void kernel.bind(server, 0)
  const { port } = await kernel.listen(server)
  return {
    kernel,
    port,
    async message(fits) {
      for (;;) {
        const found = messages.find(fits)
        if (found) return found
        await new Promise<void>(resolve => {
          arrived = resolve
        })
      }
    },
    [Symbol.asyncDispose]: () => kernel.close(),
  }
}
