/**
 * The parts of the page. What others wrote gets into it as text only.
 * @module
 */

/** How many lines a log keeps. */
const MAX_LINES = 500

/** @param {string} id */
export const part = id => document.getElementById(id)

/** @param {string} id @param {string} text */
export function show(id, text) {
  part(id).textContent = text
}

/** @param {string} name @param {string} text @param {string} [className] */
export function element(name, text, className = '') {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  return made
}

/** Adds a line to a log; it scrolls along unless its reader has scrolled back. */
export function addLine(log, line) {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
  log.append(line)
  while (log.childElementCount > MAX_LINES) log.firstElementChild.remove()
  if (isAtEnd) log.scrollTop = log.scrollHeight
}

/** A light beside words: `live`, `lost` or neither. */
export function showState(id, text, light = '') {
  const state = part(id)
  state.className = `state ${light}`
  state.textContent = text
}

/** Calls `send` with what was typed into a form's field, and empties it where that returns true. */
export function onEntry(formId, fieldId, send) {
  const field = part(fieldId)
  part(formId).addEventListener('submit', event => {
    event.preventDefault()
    if (send(field.value.trim())) field.value = ''
    field.focus()
  })
}
