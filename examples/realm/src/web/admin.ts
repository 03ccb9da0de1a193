/**
 * The subprotocol `admin`, for who has that role: `{ action: 'announce', text }`, `{ action: 'kick', name }` and
 * `{ action: 'stats' }`. What was done is answered with `{ type: 'done', text }`, the last with `{ type: 'stats', stats }`.
 * @module
 */
import { printable } from '../play/text.ts'
import {
  type Call,
  type Incoming,
  MAX_TEXT,
  POLICY_VIOLATION,
  refuse,
  type Subprotocol,
} from './subprotocol.ts'

/** What an administrator is shown: groups of figures, by name. */
export type Stats = () => Promise<Readonly<Record<string, number>>>

export function admin(stats: Stats): Subprotocol {
  return call => {
    const { roles, line } = call
    if (!roles.includes('admin')) {
      line.close(POLICY_VIOLATION, 'for administrators')
      return undefined
    }
    return {
      async receive(message) {
        switch (message.action) {
          case 'announce':
            return announce(call, message)
          case 'kick':
            return kick(call, message)
          case 'stats':
            return line.send({ type: 'stats', stats: await stats() })
          default:
            return refuse(line, 'An action is announce, kick or stats.')
        }
      },
    }
  }
}

function announce({ house, player, line }: Call, { text }: Incoming): void {
  const words = typeof text === 'string' ? printable(text).trim() : ''
  if (words === '' || words.length > MAX_TEXT)
    return refuse(line, `An announcement has 1 to ${MAX_TEXT} characters.`)
  house.world.announce(player, words)
  line.send({ type: 'done', text: 'Everybody was told.' })
}

function kick({ house, line }: Call, { name }: Incoming): void {
  const player = typeof name === 'string' ? house.world.playerNamed(name.trim()) : undefined
  if (!player) return refuse(line, 'There is no such player.')
  if (!house.dismiss(player, 'You were sent out of the realm.'))
    return refuse(line, `${printable(player.name)} is asleep.`)
  line.send({ type: 'done', text: `${printable(player.name)} was sent out.` })
}
