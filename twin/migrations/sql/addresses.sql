-- Addresses, aliases and the review queue.
SELECT 1;
