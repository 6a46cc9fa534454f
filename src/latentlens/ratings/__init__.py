"""What people said: ids, the ratings table, its catalogue, histories, splits and layouts."""
