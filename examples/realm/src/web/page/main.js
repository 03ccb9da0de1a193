/**
 * From the door into the realm, and out again.
 * @module
 */
import { Account } from './account.js'
import { Admin } from './admin.js'
import { Chat } from './chat.js'
import { part, show } from './dom.js'
import { Game } from './game.js'
import { Status } from './status.js'

const form = part('login')
const game = new Game(words => leave(words))
const chat = new Chat()
const admin = new Admin()
const status = new Status()

async function enter(open) {
  const { name, password } = Object.fromEntries(new FormData(form))
  if (!form.reportValidity()) return
  setBusy(true)
  show('login-error', '')
  try {
    const account = await open(name.trim(), password)
    form.elements.password.value = ''
    part('door').hidden = true
    part('play').hidden = false
    part('leave').hidden = false
    show('who', name.trim())
    game.start(account.token)
    chat.start(account.token)
    void status.start(account.token)
    if (account.isAdmin) admin.start(account.token)
  } catch (error) {
    show('login-error', error.message)
  } finally {
    setBusy(false)
  }
}

function leave(words = '') {
  for (const each of [game, chat, admin, status]) each.stop()
  part('play').hidden = true
  part('leave').hidden = true
  part('door').hidden = false
  show('who', '')
  show('login-error', words)
  form.elements.name.focus()
}

function setBusy(isBusy) {
  for (const button of form.querySelectorAll('button')) button.disabled = isBusy
}

form.addEventListener('submit', event => {
  event.preventDefault()
  void enter(Account.login)
})
part('create').addEventListener('click', () => void enter(Account.create))
part('leave').addEventListener('click', () => leave())
form.elements.name.focus()
