"""Hold what the contract says beside what views and schemas declare: words, headers and examples."""
