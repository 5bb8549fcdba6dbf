/** Starts the page. */
import './ui/tokens.css';
