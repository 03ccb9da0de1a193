/**
 * The game: the room, what happens in it, and what the player does. Speaks the subprotocol `game`.
 * @module
 */
import { addLine, element, onEntry, part, show, showState } from './dom.js'
import { Line } from './line.js'
import { Typed } from './typed.js'

export class Game {
  #line
  #typed = new Typed(part('game-line'))

  /** @param {(words: string) => void} onOver */
  constructor(onOver) {
    this.onOver = onOver
    onEntry('game-form', 'game-line', text => this.#enter(text))
    // A slash leads to the line from anywhere that takes no text.
    document.addEventListener('keydown', event => {
      if (event.key === '/' && !(event.target instanceof HTMLInputElement) && this.#line) {
        event.preventDefault()
        part('game-line').focus()
      }
    })
  }

  start(token) {
    const line = new Line('game', token)
    this.#line = line
    part('game-log').replaceChildren()
    showState('line-state', 'Connecting…')
    line.addEventListener('open', () => showState('line-state', 'In the realm', 'live'))
    line.addEventListener('lost', () => showState('line-state', 'Connection lost. Coming back…', 'lost'))
    line.addEventListener('message', ({ detail }) => this.#onMessage(detail))
    line.addEventListener('over', ({ detail }) => this.onOver(detail))
    part('game-line').focus()
  }

  stop() {
    this.#line?.close()
    this.#line = undefined
    showState('line-state', '')
  }

  #enter(text) {
    if (text === '') return false
    if (!this.#line?.send({ line: text })) {
      this.#print('Not connected at the moment.', 'note')
      return false
    }
    this.#typed.add(text)
    this.#print(text, 'typed')
    return true
  }

  #onMessage(message) {
    switch (message.type) {
      case 'room':
        return this.#showRoom(message)
      case 'players':
        return this.#showPlayers(message)
      case 'event':
        return this.#print(message.text, message.event)
      case 'error':
        return this.#print(message.reason, 'error')
      default:
        return this.#print(message.text, message.type)
    }
  }

  #showRoom(message) {
    const { name, description, exits, isNew } = message
    show('room-name', name)
    show('room-description', description)
    this.#showPlayers(message)
    part('room-exits').replaceChildren(...exits.map(exit => this.#exit(exit)))
    this.#print(isNew ? name : description, 'note')
  }

  #showPlayers({ players }) {
    part('room-people').replaceChildren(...players.map(player => element('li', player)))
  }

  #exit(direction) {
    const button = element('button', direction)
    button.type = 'button'
    button.addEventListener('click', () => {
      this.#enter(`go ${direction}`)
      part('game-line').focus()
    })
    return button
  }

  #print(text, className) {
    addLine(part('game-log'), element('p', text, className))
  }
}
