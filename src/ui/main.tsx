// Entry of the web UI: the page that each JobManager serves at `/`.
import { render } from 'preact';
import { Shell } from './shell.tsx';

render(<Shell />, document.getElementById('page')!);
