/**
 * Plays the realm for a moment, with the same socket mode as its client.
 * @module
 */
import { type Addr, createKernel } from '@unisock/kernel'
import { MUD, net, SO_TELNET } from '@unisock/plugin-net'
import type { Judge } from '../check.ts'

interface Step {
  readonly type: string
  /** What the realm is to print then. */
  readonly expect: string
}

const stepsOf = (masked: string): readonly Step[] => [
  { type: 'Finch', expect: 'The Gate' },
  { type: 'north', expect: 'The Square' },
  { type: 'say Drat, nobody here?', expect: `You say: ${masked}, nobody here?` },
  { type: 'who', expect: 'Finch, The Square' },
  { type: 'quit', expect: 'Farewell.' },
]
const PATIENCE_MS = 10_000

/**
 * Calls `judge` for each step.
 *
 * @param masked what becomes of a word that is masked
 */
export async function playRealm({ address, port }: Addr, masked: string, judge: Judge): Promise<void> {
  const steps = stepsOf(masked)
  const kernel = await createKernel({ plugins: [net({ worker: 'player' })] })
  try {
    const player = kernel.socket(MUD)
    void player.setOption(SO_TELNET, { terminal: ['DUMB'] })
    await player.connect({ host: address, port })
    const deadline = setTimeout(() => void player.close({ abort: true }), PATIENCE_MS)
    let seen = ''
    let step = 0
    let expected = 'Your name:'
    for await (const message of player) {
      if (!('type' in message)) continue
      if (message.type === 'gmcp') judge(`telnet: GMCP ${message.package} came`, message.data !== undefined)
      if (message.type !== 'text') continue
      seen += message.text
      if (!seen.includes(expected)) continue
      if (step > 0) judge(`telnet: ${steps[step - 1]!.type} → ${expected}`, true)
      if (step === steps.length) break
      seen = ''
      expected = steps[step]!.expect
      player.write(`${steps[step++]!.type}\n`)
    }
    clearTimeout(deadline)
    if (!seen.includes(expected)) judge(`telnet: ${expected} did not come`, false)
  } finally {
    await kernel.close()
  }
}
