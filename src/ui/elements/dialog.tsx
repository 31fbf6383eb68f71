// Asks before something is done. The browser's own dialog: it keeps the focus, and Escape closes it.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface DialogProps {
  readonly title: string;
  readonly confirm: string;
  readonly dismiss: string;
  readonly dangerous?: boolean;
  readonly onConfirm: (fields: FormData) => void;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, confirm, dismiss, dangerous = false, onConfirm, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog ref={element} aria-labelledby="dialog-title" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm(new FormData(event.currentTarget));
          element.current?.close();
        }}
      >
        <h2 id="dialog-title">{title}</h2>
        {children}
        <p class="buttons">
          <button type="button" onClick={() => element.current?.close()}>
            {dismiss}
          </button>
          <button type="submit" class={dangerous ? 'dangerous' : 'primary'}>
            {confirm}
          </button>
        </p>
      </form>
    </dialog>
  );
}
