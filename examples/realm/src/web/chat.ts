/**
 * The subprotocol `chat`: `{ message }` goes to everybody in the realm, by telnet too; `{ type: 'chat', user, message }`
 * is what comes from them, one's own included. To speak one has to play.
 * @module
 */
import { printable } from '../play/text.ts'
import { MAX_TEXT, refuse, type Subprotocol } from './subprotocol.ts'

export const chat: Subprotocol = ({ house, player, line }) => ({
  receive({ message }) {
    if (typeof message !== 'string') return refuse(line, 'A chat message has a message.')
    const text = printable(message).trim()
    if (text === '') return refuse(line, 'Say something.')
    if (text.length > MAX_TEXT) return refuse(line, `${MAX_TEXT} characters at a time are enough.`)
    if (!house.isPlayed(player)) return refuse(line, 'Enter the realm first.')
    house.world.chat(player, text)
  },
  happened(event) {
    if (event.type !== 'chatted') return
    const { player: user, text } = event
    line.send({ type: 'chat', user: printable(user.name), message: printable(text), own: user === player })
  },
})
