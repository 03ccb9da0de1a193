/**
 * Talk between all players. Speaks the subprotocol `chat`.
 * @module
 */
import { addLine, element, onEntry, part } from './dom.js'
import { Line } from './line.js'

export class Chat {
  #line

  constructor() {
    onEntry('chat-form', 'chat-line', text => {
      if (text === '') return false
      const isSent = this.#line?.send({ message: text })
      if (!isSent) this.#note('Not connected at the moment.')
      return isSent
    })
  }

  start(token) {
    this.#line = new Line('chat', token)
    part('chat-log').replaceChildren()
    this.#line.addEventListener('message', ({ detail }) => {
      if (detail.type === 'chat') this.#show(detail)
      else this.#note(detail.reason)
    })
  }

  stop() {
    this.#line?.close()
    this.#line = undefined
  }

  #show({ user, message, own }) {
    const line = element('p', '', own ? 'own' : '')
    line.append(element('b', own ? 'You' : user), ` ${message}`)
    addLine(part('chat-log'), line)
  }

  #note(text) {
    addLine(part('chat-log'), element('p', text, 'note'))
  }
}
