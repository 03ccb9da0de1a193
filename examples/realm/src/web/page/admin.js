/**
 * The keeper's desk. Speaks the subprotocol `admin`.
 * @module
 */
import { element, onEntry, part, show } from './dom.js'
import { Line } from './line.js'

export class Admin {
  #line

  constructor() {
    onEntry('admin-announce', 'admin-text', text => this.#ask({ action: 'announce', text }))
    onEntry('admin-kick', 'admin-name', name => this.#ask({ action: 'kick', name }))
    part('admin-stats').addEventListener('click', () => this.#ask({ action: 'stats' }))
  }

  start(token) {
    this.#line = new Line('admin', token)
    this.#line.addEventListener('message', ({ detail }) => this.#onMessage(detail))
    part('admin').hidden = false
  }

  stop() {
    this.#line?.close()
    this.#line = undefined
    part('admin').hidden = true
    part('admin-figures').replaceChildren()
    show('admin-answer', '')
  }

  #ask(message) {
    const isSent = this.#line?.send(message) ?? false
    show('admin-answer', isSent ? '' : 'Not connected at the moment.')
    return isSent
  }

  #onMessage({ type, text, reason, stats }) {
    if (type === 'stats') part('admin-figures').replaceChildren(...Object.entries(stats).map(figure))
    else show('admin-answer', type === 'error' ? reason : text)
  }
}

function figure([name, value]) {
  const row = document.createElement('div')
  row.append(element('dt', name), element('dd', String(value)))
  return row
}
