import { beforeEach, describe, expect, it } from '@jest/globals';
import { INPUT_CHARACTERS_MAX, LineEditor, type Key, type KeyOutcome } from './line-editor.ts';

let editor: LineEditor;
beforeEach(() => {
  editor = new LineEditor();
});

function type(text: string): void {
  for (const sequence of text) editor.press({ sequence });
}

function press(name: string, modifiers: Pick<Key, 'ctrl' | 'meta'> = {}): KeyOutcome {
  return editor.press({ name, ...modifiers });
}

describe('LineEditor', () => {
  it('moves and deletes by what is drawn as one', () => {
    type('a👩‍👩‍👧‍👦e\u0301b');
    press('left');
    press('backspace');
    expect(editor.text).toBe('a👩‍👩‍👧‍👦b');
    press('left');
    press('delete');
    expect(editor.text).toBe('ab');
  });

  it('moves and deletes by words and lines, and brings back what was cut', () => {
    type('one two three');
    press('w', { ctrl: true });
    expect(editor.text).toBe('one two ');
    press('b', { meta: true });
    press('d', { meta: true });
    expect(editor.text).toBe('one  ');
    press('y', { ctrl: true });
    expect(editor.text).toBe('one two ');
    press('a', { ctrl: true });
    press('k', { ctrl: true });
    expect(editor.text).toBe('');
    press('y', { ctrl: true });
    press('u', { ctrl: true });
    expect(editor.text).toBe('');
  });

  it('stays in its line, and goes through lines before it goes into the history', () => {
    type('before');
    editor.take();
    type('long line');
    press('return', { meta: true });
    type('two');
    press('up');
    expect(editor.cursor).toBe(3);
    press('home');
    expect(editor.cursor).toBe(0);
    press('up');
    expect(editor.text).toBe('before');
    press('down');
    expect(editor.text).toBe('long line\ntwo');
  });

  it('keeps line breaks and nothing that acts of a paste, and does not submit', () => {
    press('paste-start');
    expect(editor.press({ name: 'c', ctrl: true, sequence: '\u0003' })).toBe('none');
    type('a');
    press('return');
    press('enter');
    type('b');
    press('return');
    press('tab');
    expect(press('up')).toBe('none');
    press('paste-end');
    expect(editor.text).toBe('a\nb\n\t');
    expect(press('return')).toBe('submit');
  });

  it('takes so many characters and no more, and says so', () => {
    editor.replace('x'.repeat(INPUT_CHARACTERS_MAX + 10));
    expect(editor.text).toHaveLength(INPUT_CHARACTERS_MAX);
    expect(editor.press({ sequence: 'y' })).toBe('full');
    expect(editor.text).toHaveLength(INPUT_CHARACTERS_MAX);
  });

  it('ends on Ctrl-D only when nothing is there', () => {
    type('x');
    press('left');
    expect(press('d', { ctrl: true })).toBe('edited');
    expect(press('d', { ctrl: true })).toBe('end');
  });
});
