/** Starts the page. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './ui/App';
import './ui/tokens.css';
import './ui/base.css';
import { language } from './ui/texts';

document.documentElement.lang = language.get();
createRoot(document.getElementById('root')!).render(<StrictMode><App /></StrictMode>);
